import { common } from '@hyperledger/fabric-protos';
import type { ChaincodeInvocation, ChaincodeResult, SystemChaincode } from '#node/chaincode/chaincodeSupport.ts';
import type { BlockReader, TxLocation } from '#node/ledger/blocks/blockReader.ts';
import { WireWriter } from '#node/ledger/state/wireWriter.ts';
import type { PeerChannels } from '#node/peer/peerChannel.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { type AccessChecks, signedDataOf } from '../accessChecks.ts';
import { messageOf } from '../endorserError.ts';
import { answer, refuseOtherChaincodes, Refusal, text } from './answer.ts';

const DECIMAL = /^[0-9]+$/;

export interface QsccModules {
  readonly channels: PeerChannels;
  readonly access: AccessChecks;
}

type Query = (blocks: BlockReader, argument: Uint8Array) => Promise<Uint8Array>;

/** What clients may ask of a channel's ledger (Fabric, core/scc/qscc). */
export class Qscc implements SystemChaincode {
  readonly name = 'qscc';
  readonly #modules: QsccModules;

  constructor(modules: QsccModules) {
    this.#modules = modules;
  }

  invoke(invocation: ChaincodeInvocation): Promise<ChaincodeResult> {
    return answer(() => this.#invoke(invocation));
  }

  async #invoke(invocation: ChaincodeInvocation): Promise<Uint8Array> {
    const { channels, access } = this.#modules;
    const args = invocation.input.args;
    if (args.length < 2) {
      throw new Refusal(`Incorrect number of arguments, ${args.length}`);
    }
    const [called, channelId] = [text(args[0]), text(args[1])];
    refuseOtherChaincodes(
      invocation,
      'Rejecting invoke of QSCC from another chaincode because of potential for deadlocks',
    );
    const argument = args[2];
    if (called !== 'GetChainInfo' && argument === undefined) {
      throw new Refusal(`missing 3rd argument for ${called}`);
    }
    const channel = channels.channel(channelId);
    if (channel === null) {
      throw new Refusal(`Invalid chain ID, ${channelId}`);
    }
    try {
      await access.check(`qscc/${called}`, channel, signedDataOf(invocation.signedProposal));
    } catch (cause) {
      throw new Refusal(`access denied for [${called}][${channelId}]: [${messageOf(cause)}]`, { cause });
    }
    const query = Object.hasOwn(QUERIES, called) ? QUERIES[called] : undefined;
    if (query === undefined) {
      throw new Refusal(`Requested function ${called} not found.`);
    }
    return query(channel.ledger.blocks, argument ?? new Uint8Array(0));
  }
}

const QUERIES: Readonly<Record<string, Query>> = {
  GetChainInfo: async (blocks) => chainInfo(blocks),

  async GetBlockByNumber(blocks, argument) {
    const written = text(argument);
    const number = parseBlockNumber(written, blocks);
    if (number < blocks.firstBlock) {
      throw new Refusal(
        `Failed to get block number ${number}, error cannot serve block [${number}]. The ledger is bootstrapped from a snapshot. First available block = [${blocks.firstBlock}]`,
      );
    }
    return found(`Failed to get block number ${written}`, `no such block number [${written}] in index`, () =>
      blocks.byNumber(number),
    );
  },

  async GetBlockByHash(blocks, argument) {
    const hex = Buffer.from(argument).toString('hex');
    return found(`Failed to get block hash ${text(argument)}`, `no such block hash [${hex}] in index`, () =>
      blocks.byHash(argument),
    );
  },

  async GetTransactionByID(blocks, argument) {
    const txId = text(argument);
    const failed = `Failed to get transaction with id ${txId}`;
    const location = await transactionAt(blocks, txId, failed);
    const envelope = await found(failed, `no such transaction ID [${txId}] in index`, () =>
      blocks.envelope(location.block, location.index),
    );
    return new WireWriter(envelope.length + 16).element(1, envelope).number(2, location.code).finish();
  },

  async GetBlockByTxID(blocks, argument) {
    const txId = text(argument);
    const failed = `Failed to get block for txID ${txId}`;
    const location = await transactionAt(blocks, txId, failed);
    return found(failed, `no such transaction ID [${txId}] in index`, () => blocks.byNumber(location.block));
  },
};

function chainInfo(blocks: BlockReader): Uint8Array {
  const info = new common.BlockchainInfo();
  info.setHeight(blocks.height);
  info.setCurrentblockhash(blocks.lastHash);
  info.setPreviousblockhash(blocks.previousHash);
  if (blocks.firstBlock > 0) {
    const snapshot = new common.BootstrappingSnapshotInfo();
    snapshot.setLastblockinsnapshot(blocks.firstBlock - 1);
    info.setBootstrappingsnapshotinfo(snapshot);
  }
  return info.serializeBinary();
}

/** As Go's `strconv.ParseUint` takes it; 2^64-1 is the last block. */
function parseBlockNumber(written: string, blocks: BlockReader): number {
  const failed = `Failed to parse block number with error strconv.ParseUint: parsing ${JSON.stringify(written)}`;
  if (!DECIMAL.test(written)) {
    throw new Refusal(`${failed}: invalid syntax`);
  }
  const number = BigInt(written.length > 40 ? '9'.repeat(40) : written);
  if (number > 0xffff_ffff_ffff_ffffn) {
    throw new Refusal(`${failed}: value out of range`);
  }
  return number === 0xffff_ffff_ffff_ffffn ? blocks.height - 1 : Number(number);
}

async function transactionAt(blocks: BlockReader, txId: string, failed: string): Promise<TxLocation> {
  let location: TxLocation | null;
  try {
    location = await blocks.byTxId(txId);
  } catch (cause) {
    throw new Refusal(`${failed}, error ${messageOf(cause)}`, { cause });
  }
  if (location === null) {
    throw new Refusal(`${failed}, error no such transaction ID [${txId}] in index`);
  }
  return location;
}

async function found(
  failed: string,
  missing: string,
  read: () => Promise<Pick<BlockView, 'bytes'> | null>,
): Promise<Uint8Array> {
  let one: Pick<BlockView, 'bytes'> | null;
  try {
    one = await read();
  } catch (cause) {
    throw new Refusal(`${failed}, error ${messageOf(cause)}`, { cause });
  }
  if (one === null) {
    throw new Refusal(`${failed}, error ${missing}`);
  }
  return one.bytes;
}
