import { common, orderer, peer } from '@hyperledger/fabric-protos';
import type { Signer } from '#node/crypto/sign.ts';
import { seekEnvelope, type SeekRequest } from '#node/deliver/seekEnvelope.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { statusName } from './broadcast.ts';
import { callError } from './call.ts';
import { ClientError } from './clientError.ts';

export interface FilteredTransaction {
  readonly txId: string;
  /** `TxValidationCode`. */
  readonly code: number;
}

export interface FilteredBlock {
  readonly channelId: string;
  readonly number: number;
  readonly transactions: readonly FilteredTransaction[];
}

/**
 * Blocks of a channel from a peer, by its filtered service: what happened to each transaction, not what was in it.
 * Ends where the request ends.
 * @throws ClientError `call`, `not_delivered` with the status; the signal's reason
 */
export async function* filteredBlocks(
  client: GrpcClient,
  request: SeekRequest,
  signer: Signer,
  signal?: AbortSignal,
): AsyncGenerator<FilteredBlock, void> {
  const { address } = client;
  for await (const bytes of answers(client, '/protos.Deliver/DeliverFiltered', request, signer, signal)) {
    const answer = decoded(() => decodeMessage(peer.DeliverResponse, bytes, 'protos.DeliverResponse'), address);
    const block = answer.getFilteredBlock();
    if (block === undefined) {
      requireSuccess(answer.getStatus(), address, request.channelId);
      return;
    }
    yield {
      channelId: block.getChannelId(),
      number: block.getNumber(),
      transactions: block
        .getFilteredTransactionsList()
        .map((one) => ({ txId: one.getTxid(), code: one.getTxValidationCode() })),
    };
  }
}

/**
 * Whole blocks of a channel, from a `peer` or an `orderer`.
 * @throws ClientError `call`, `not_delivered` with the status; the signal's reason
 */
export async function* deliveredBlocks(
  client: GrpcClient,
  from: 'peer' | 'orderer',
  request: SeekRequest,
  signer: Signer,
  signal?: AbortSignal,
): AsyncGenerator<BlockView, void> {
  const { address } = client;
  const path = from === 'peer' ? '/protos.Deliver/Deliver' : '/orderer.AtomicBroadcast/Deliver';
  for await (const bytes of answers(client, path, request, signer, signal)) {
    const { status, block } = decoded(() => blockOrStatus(from, bytes), address);
    if (block === null) {
      requireSuccess(status, address, request.channelId);
      return;
    }
    yield decoded(() => BlockView.fromBytes(block), address);
  }
}

function blockOrStatus(
  from: 'peer' | 'orderer',
  bytes: Uint8Array,
): { readonly status: number; readonly block: Uint8Array | null } {
  const answer =
    from === 'peer'
      ? decodeMessage(peer.DeliverResponse, bytes, 'protos.DeliverResponse')
      : decodeMessage(orderer.DeliverResponse, bytes, 'orderer.DeliverResponse');
  const block = answer.getBlock();
  return { status: answer.getStatus(), block: block === undefined ? null : block.serializeBinary() };
}

async function* answers(
  client: GrpcClient,
  path: string,
  request: SeekRequest,
  signer: Signer,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  const { address } = client;
  const calls = client.stream(path, signal === undefined ? {} : { signal });
  try {
    await calls.send(await seekEnvelope(request, signer));
    for await (const bytes of calls) {
      yield bytes;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw callError(error, { address });
  } finally {
    calls.cancel();
  }
}

function decoded<T>(read: () => T, address: string): T {
  try {
    return read();
  } catch (error) {
    throw callError(error, { address });
  }
}

function requireSuccess(status: number, address: string, channelId: string): void {
  if (status !== common.Status.SUCCESS) {
    const name = statusName(status);
    throw new ClientError('not_delivered', `${address} does not deliver blocks of ${channelId}: ${name}`, {
      address,
      status: name,
    });
  }
}
