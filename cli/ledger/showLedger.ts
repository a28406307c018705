import { decodeToJson } from '#node/channel/json/protolator.ts';
import { keyHistory } from '#node/ledger/history/keyHistory.ts';
import { LedgerError } from '#node/ledger/ledgerError.ts';
import { CONFIG_KEY, CONFIG_NAMESPACE } from '#node/ledger/state/namespaces.ts';
import type { StateDatabase, VersionedEntry } from '#node/ledger/state/stateDatabase.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { timestampIso } from '#node/protos/timestamp.ts';
import { describeBlock, describeTransaction, hex, textOrBase64, versionOf } from './describeBlock.ts';
import { openOwn, openToRead, type ReadLedger, stateFromBlocks } from './openToRead.ts';

export interface ShowLedgerOptions {
  readonly ledger: string;
  readonly channel?: string | undefined;
}

export async function showInfo(options: ShowLedgerOptions): Promise<object> {
  await using ledger = await openToRead(options.ledger, options.channel);
  const { blocks, channelId } = ledger;
  const last = blocks.height > blocks.firstBlock ? await blocks.byNumber(blocks.height - 1) : null;
  return {
    channel: channelId,
    height: blocks.height,
    firstBlock: blocks.firstBlock,
    lastHash: hex(blocks.lastHash),
    previousHash: hex(blocks.previousHash),
    commitHash: last?.commitHash == null ? null : hex(last.commitHash),
  };
}

export async function showBlock(options: ShowLedgerOptions, which: string): Promise<object> {
  await using ledger = await openToRead(options.ledger, options.channel);
  return describeBlock(await findBlock(ledger, which));
}

export async function showTransaction(options: ShowLedgerOptions, txId: string): Promise<object> {
  await using ledger = await openToRead(options.ledger, options.channel);
  const place = await ledger.blocks.byTxId(txId);
  const block = place === null ? null : await ledger.blocks.byNumber(place.block);
  if (place === null || block === null) {
    throw notThere(ledger, `transaction ${txId}`);
  }
  return describeTransaction(block, place.index, true);
}

export async function* showState(
  options: ShowLedgerOptions,
  namespace: string,
  key: string | undefined,
): AsyncGenerator<object> {
  await using read = await openToRead(options.ledger, options.channel);
  await using opened = await openState(options, read);
  if (key === undefined) {
    for await (const entry of opened.state.range(namespace, '', '')) {
      yield stateLine(entry);
    }
    return;
  }
  const found = await opened.state.get(namespace, key);
  if (found === null) {
    throw notThere(read, `key ${JSON.stringify(key)} of namespace ${namespace}`);
  }
  yield stateLine({ ...found, namespace, key });
}

export async function* showHistory(options: ShowLedgerOptions, namespace: string, key: string): AsyncGenerator<object> {
  await using read = await openToRead(options.ledger, options.channel);
  if (!read.own) {
    throw new LedgerError(
      'not_there',
      `${options.ledger} has no history of ours: import its blocks into a ledger first`,
    );
  }
  await using own = await openOwn(options.ledger, read.channelId);
  if (own.history === null) {
    throw new LedgerError('not_there', 'this ledger keeps no history');
  }
  for await (const one of keyHistory(own.history, own.blocks, namespace, key)) {
    yield {
      txId: one.txId,
      version: versionOf(one.height),
      time: one.timestamp === null ? null : timestampIso(one.timestamp),
      ...(one.isDelete ? { isDelete: true } : { value: textOrBase64(one.value) }),
    };
  }
}

export async function showConfig(options: ShowLedgerOptions): Promise<unknown> {
  await using read = await openToRead(options.ledger, options.channel);
  await using opened = await openState(options, read);
  const config = await opened.state.get(CONFIG_NAMESPACE, CONFIG_KEY);
  if (config === null) {
    throw notThere(read, 'a configuration');
  }
  // As configtxlator prints it.
  return decodeToJson('common.ConfigEnvelope', config.value)['config'];
}

async function findBlock(ledger: ReadLedger, which: string): Promise<BlockView> {
  const { blocks } = ledger;
  let block: BlockView | null = null;
  if (which === 'last') {
    block = blocks.height === 0 ? null : await blocks.byNumber(blocks.height - 1);
  } else if (/^\d{1,15}$/.test(which)) {
    block = await blocks.byNumber(Number(which));
  } else if (/^[0-9a-f]{64}$/i.test(which)) {
    block = await blocks.byHash(new Uint8Array(Buffer.from(which, 'hex')));
  } else {
    throw new LedgerError('not_there', `${which} is no block: give its number, its hash (64 hex digits), or last`);
  }
  if (block === null) {
    throw notThere(ledger, `block ${which}`);
  }
  return block;
}

/** Our own database where there is one; else made from the blocks. */
async function openState(
  options: ShowLedgerOptions,
  read: ReadLedger,
): Promise<AsyncDisposable & { readonly state: StateDatabase }> {
  if (!read.own) {
    const state = await stateFromBlocks(read.blocks);
    return { state, [Symbol.asyncDispose]: () => state.close() };
  }
  const own = await openOwn(options.ledger, read.channelId);
  return { state: own.state, [Symbol.asyncDispose]: () => own.close() };
}

function stateLine({ key, value, version, metadata }: VersionedEntry): object {
  return {
    key,
    value: textOrBase64(value),
    version: versionOf(version),
    ...(metadata === null ? {} : { metadata: Buffer.from(metadata).toString('base64') }),
  };
}

function notThere({ channelId, blocks }: ReadLedger, what: string): LedgerError {
  return new LedgerError('not_there', `${what} is not in channel ${channelId}, which has ${blocks.height} blocks`);
}
