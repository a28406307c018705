import { common, peer } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { GrpcService, Method } from '#node/grpc/service.ts';
import type { CollectionHistory } from '#node/ledger/privateData/collectionHistory.ts';
import type { CollectionData, TxPrivateData } from '#node/ledger/privateData/privateData.ts';
import type { PrivateDataStore } from '#node/ledger/privateData/privateDataStore.ts';
import type { SignedData } from '#node/policy/policy.ts';
import { PolicyError } from '#node/policy/policyError.ts';
import { SignaturePolicy } from '#node/policy/signaturePolicy.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { implicitCollection } from '#node/protos/lifecycleView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { recordedText } from '#node/util/errorText.ts';
import type { Chain } from './chain.ts';
import { blockResponse, filteredResponse, privateDataResponse, statusResponse } from './deliverResponse.ts';
import type { Delivery, DeliverService } from './deliverService.ts';
import type { Authorize } from './sessionAccess.ts';

/** Where a channel's private data are. */
export interface PrivateDataLedger {
  readonly privateData: Pick<PrivateDataStore, 'ofBlock'>;
  readonly collections: Pick<CollectionHistory, 'before'>;
}

export interface PeerDeliverModules {
  /** The peer's access control. Rejects for who may not. */
  readonly access: { check(resource: string, channel: Chain, signed: SignedData): Promise<void> };
  readonly ledger: (channelId: string) => PrivateDataLedger | null;
}

/** `protos.Deliver`: blocks, what may be known of them without a right to the data, and blocks with private data. */
export function peerDeliver(service: DeliverService, modules: PeerDeliverModules): GrpcService {
  const authorize =
    (resource: string): Authorize =>
    (chain, signed) =>
      modules.access.check(resource, chain, signed).then(() => null, recordedText);
  const method = (delivery: Delivery): Method => ({
    kind: 'stream',
    handle: (requests, context) => service.handle(delivery, requests, context),
  });
  return {
    name: 'protos.Deliver',
    methods: {
      Deliver: method({ dataType: 'block', authorize: authorize('event/Block'), respond: blockResponse }),
      DeliverFiltered: method({
        dataType: 'filtered_block',
        authorize: authorize('event/FilteredBlock'),
        respond: filtered,
      }),
      DeliverWithPrivateData: method({
        dataType: 'block_and_pvtdata',
        authorize: authorize('event/Block'),
        respond: (block, chain, signed) => withPrivateData(block, chain, signed, modules.ledger(chain.channelId)),
      }),
    },
  };
}

/** In place of a block with a transaction that cannot be read the client gets a status, and after it the next block: as from Fabric. */
function filtered(block: BlockView): Uint8Array {
  try {
    return filteredResponse(block);
  } catch (error) {
    if (error instanceof ProtoError) {
      return statusResponse(common.Status.BAD_REQUEST);
    }
    throw error;
  }
}

async function withPrivateData(
  block: BlockView,
  { channelId, bundle }: Chain,
  signed: SignedData,
  ledger: PrivateDataLedger | null,
): Promise<Uint8Array> {
  if (ledger === null) {
    throw new Error(`error getting private data by block number ${block.number}: channel ${channelId} not found`);
  }
  const visible: TxPrivateData[] = [];
  const known = new Map<string, Promise<boolean>>();
  const mayRead = ({ namespace, collection }: CollectionData): Promise<boolean> => {
    const name = JSON.stringify([namespace, collection]);
    let answer = known.get(name);
    if (answer === undefined) {
      answer = mayReadCollection({ namespace, collection, block: block.number }, { bundle, ledger, signed });
      known.set(name, answer);
    }
    return answer;
  };
  for (const { tx, collections } of await ledger.privateData.ofBlock(block.number)) {
    const shown: CollectionData[] = [];
    for (const one of collections) {
      if (await mayRead(one)) {
        shown.push(one);
      }
    }
    if (shown.length > 0) {
      visible.push({ tx, collections: shown });
    }
  }
  return privateDataResponse(block, visible);
}

/** Everybody who may read the channel's blocks, unless the collection is for its members only (core/peer `collPolicyChecker`). */
async function mayReadCollection(
  place: { readonly namespace: string; readonly collection: string; readonly block: number },
  { bundle, ledger, signed }: { bundle: ChannelBundle; ledger: PrivateDataLedger; signed: SignedData },
): Promise<boolean> {
  const { namespace, collection, block } = place;
  const defined = await ledger.collections.before(block, namespace);
  const what = 'protos.CollectionConfigPackage';
  const configs =
    defined === null ? [] : decodeMessage(peer.CollectionConfigPackage, defined.collections, what).getConfigList();
  const config = configs
    .map((one) => one.getStaticCollectionConfig())
    .find((one) => one !== undefined && one.getName() === collection);
  if (config === undefined) {
    if (bundle.application?.organizations.some(({ mspId }) => collection === implicitCollection(mspId)) === true) {
      return true;
    }
    throw new Error(`no collection config was found for collection ${collection} for chaincode ${namespace}`);
  }
  if (!config.getMemberOnlyRead()) {
    return true;
  }
  const envelope = config.getMemberOrgsPolicy()?.getSignaturePolicy();
  if (envelope === undefined) {
    throw new Error(`error setting up collection ${collection}: Collection config policy is nil`);
  }
  try {
    return (await SignaturePolicy.fromEnvelope(envelope, bundle.mspManager).evaluate([signed])).satisfied;
  } catch (cause) {
    if (cause instanceof PolicyError) {
      throw new Error(`error setting up collection ${collection}: ${cause.message}`, { cause });
    }
    throw cause;
  }
}
