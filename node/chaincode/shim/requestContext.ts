import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { BlockSource } from '#node/ledger/history/keyHistory.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import { ChaincodeError } from '../chaincodeError.ts';
import type { ChaincodeCaller } from '../chaincodeSupport.ts';
import { type CollectionPermission, collectionPermission } from './collectionAccess.ts';
import { simulationText } from './simulationTexts.ts';
import type { TransactionContext } from './transactionContext.ts';

export const NO_CONTEXT = 'no ledger context';

/** What requests need of the channels; `PeerChannels` has it. */
export interface ChaincodeChannels {
  channel(
    channelId: string,
  ): { readonly bundle: ChannelBundle; readonly ledger: { readonly blocks: BlockSource } } | null;
}

export interface RequestModules {
  readonly channels: ChaincodeChannels;
  readonly caller: ChaincodeCaller;
  /** Results of one query at most (`ledger.state.totalQueryLimit`). */
  readonly totalQueryLimit: number;
}

/** Answers with the payload of a RESPONSE; what it throws goes into an ERROR. */
export type Request = (
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
) => Promise<Uint8Array>;

/** Ledger access of one request, with errors in Fabric's words. */
export async function withSimulator<T>(
  context: TransactionContext,
  collection: string,
  use: (simulator: TxSimulator) => Promise<T>,
): Promise<T> {
  const simulator = context.simulator(NO_CONTEXT);
  try {
    return await use(simulator);
  } catch (cause) {
    const { txId } = context.invocation;
    throw new Error(simulationText(cause, { txId, namespace: context.namespace, collection }), { cause });
  }
}

/** @throws ChaincodeError `protocol`: private data are not for initialisations, or not for whoever made the proposal */
export async function checkPrivateAccess(
  context: TransactionContext,
  collection: string,
  access: keyof CollectionPermission,
  { channels }: RequestModules,
): Promise<void> {
  checkNotInit(context);
  let permission = context.permissions.get(collection);
  if (permission === undefined) {
    permission = collectionPermission(
      context.invocation,
      context.simulator(NO_CONTEXT),
      collection,
      bundleOf(context, channels),
    );
    context.permissions.set(collection, permission);
  }
  if (!(await permission)[access]) {
    throw new ChaincodeError(
      'protocol',
      `tx creator does not have ${access} access permission on privatedata in chaincodeName:${context.namespace} collectionName: ${collection}`,
    );
  }
}

export function checkNotInit(context: TransactionContext): void {
  if (context.isInit) {
    throw new ChaincodeError('protocol', 'private data APIs are not allowed in chaincode Init()');
  }
}

export function bundleOf(context: TransactionContext, channels: ChaincodeChannels): ChannelBundle {
  const channel = channels.channel(context.invocation.channelId);
  if (channel === null) {
    throw new ChaincodeError('protocol', `application config does not exist for ${context.invocation.channelId}`);
  }
  return channel.bundle;
}

/** @throws ChaincodeError `protocol` in channels whose peers may be too old to understand */
export function checkMetadataCapability(context: TransactionContext, { channels }: RequestModules): void {
  if (bundleOf(context, channels).application?.capabilities.keyLevelEndorsement !== true) {
    throw new ChaincodeError(
      'protocol',
      'key level endorsement is not enabled, channel application capability of V1_3 or later is required',
    );
  }
}
