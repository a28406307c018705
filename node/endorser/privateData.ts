import { ledger, peer } from '@hyperledger/fabric-protos';
import type { QueryExecutor } from '#node/ledger/simulator/queryExecutor.ts';
import { WireWriter } from '#node/ledger/state/wireWriter.ts';
import type { PeerChannel } from '#node/peer/peerChannel.ts';
import { signedByAny } from '#node/policy/policyDsl.ts';
import { implicitCollection, LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { EndorserError, prefixed } from './endorserError.ts';

const LEGACY_NAMESPACE = 'lscc';

/** To how many peers private data of the organisation's own collection goes (`peer.gossip.pvtData.implicitCollectionDisseminationPolicy`). */
export interface ImplicitCollectionOptions {
  readonly mspId: string;
  /** Default 0. */
  readonly requiredPeerCount?: number;
  /** Default 1. */
  readonly maxPeerCount?: number;
}

export interface EndorsedCollection {
  readonly namespace: string;
  readonly config: peer.StaticCollectionConfig;
  /** A serialised `kvrwset.KVRWSet`. */
  readonly rwset: Uint8Array;
}

/** Private data of a transaction that is about to be endorsed. */
export interface EndorsedPrivateData {
  readonly channelId: string;
  readonly txId: string;
  /** Height of the ledger: what the collections' members are told with the data. */
  readonly endorsedAt: number;
  readonly collections: readonly EndorsedCollection[];
  /** All of it as one serialised `transientstore.TxPvtReadWriteSetWithConfigInfo`, which other peers are sent their part of. */
  readonly bytes: Uint8Array;
}

/** Brings private data to the other peers that may have it. */
export interface PrivateDataDistributor {
  /** @throws where fewer peers took it than the collection demands: the proposal then is not endorsed */
  distribute(data: EndorsedPrivateData, channel: PeerChannel): Promise<void>;
}

/** Leaves private data on this peer; the others fetch it when the block comes. */
export const NO_DISTRIBUTION: PrivateDataDistributor = { distribute: () => Promise.resolve() };

/**
 * Puts the configurations of its collections beside what a simulation wrote privately, as a Go peer does.
 *
 * @param privateBytes a serialised `rwset.TxPvtReadWriteSet`
 * @param query the simulation's: definitions must be those that it ran with
 * @throws EndorserError `private_data`
 */
export async function assemblePrivateData(
  privateBytes: Uint8Array,
  parts: { readonly channel: PeerChannel; readonly txId: string; readonly query: QueryExecutor },
  implicit: ImplicitCollectionOptions,
): Promise<EndorsedPrivateData> {
  const { channel, txId, query } = parts;
  const what = 'rwset.TxPvtReadWriteSet';
  const written = decodeMessage(ledger.rwset.TxPvtReadWriteSet, privateBytes, what).getNsPvtRwsetList();
  const endorsedAt = channel.height;
  const collections: EndorsedCollection[] = [];
  const writer = new WireWriter(privateBytes.length + 1024).number(1, endorsedAt).bytes(2, privateBytes);
  for (const one of written) {
    const namespace = one.getNamespace();
    const configs = await collectionConfigs(namespace, query, channel, implicit);
    const kept = new peer.CollectionConfigPackage();
    const rwsets = new Map(one.getCollectionPvtRwsetList().map((each) => [each.getCollectionName(), each]));
    for (const config of configs) {
      const rwset = rwsets.get(config.getName())?.getRwset_asU8();
      if (rwset !== undefined) {
        collections.push({ namespace, config, rwset });
        const entry = new peer.CollectionConfig();
        entry.setStaticCollectionConfig(config);
        kept.addConfig(entry);
      }
    }
    writer.message(3, (entry) => entry.string(1, namespace).element(2, kept.serializeBinary()));
  }
  return { channelId: channel.channelId, txId, endorsedAt, collections, bytes: writer.finish() };
}

/** Those of the definition and, for each organisation, its own. */
async function collectionConfigs(
  chaincode: string,
  query: QueryExecutor,
  { bundle }: PeerChannel,
  implicit: ImplicitCollectionOptions,
): Promise<readonly peer.StaticCollectionConfig[]> {
  try {
    const explicit = chaincode === LIFECYCLE_NAMESPACE ? NO_COLLECTIONS : await definedCollections(chaincode, query);
    if (explicit.legacy) {
      return explicit.configs;
    }
    const own = (bundle.application?.organizations ?? []).map(({ mspId }) => implicitConfig(mspId, implicit));
    return [...explicit.configs, ...own];
  } catch (error) {
    const prefix = 'failed to obtain collections config: error while retrieving collection config for chaincode';
    throw prefixed(`${prefix} "${chaincode}"`, error, 'private_data');
  }
}

interface DefinedCollections {
  readonly configs: readonly peer.StaticCollectionConfig[];
  /** Of a definition from before 2.0: there are no others. */
  readonly legacy: boolean;
}

const NO_COLLECTIONS: DefinedCollections = { configs: [], legacy: false };

async function definedCollections(chaincode: string, query: QueryExecutor): Promise<DefinedCollections> {
  const field = await query.getState(LIFECYCLE_NAMESPACE, `namespaces/fields/${chaincode}/Collections`);
  if (field !== null) {
    const data = decodeMessage(peer.lifecycle.StateData, field, 'lifecycle.StateData');
    return { configs: staticConfigs(data.getBytes_asU8()), legacy: false };
  }
  const legacy = await query.getState(LEGACY_NAMESPACE, `${chaincode}~collection`);
  if (legacy === null) {
    throw new EndorserError('private_data', `no collection config for chaincode "${chaincode}"`);
  }
  return { configs: staticConfigs(legacy), legacy: true };
}

function staticConfigs(bytes: Uint8Array): readonly peer.StaticCollectionConfig[] {
  return decodeMessage(peer.CollectionConfigPackage, bytes, 'protos.CollectionConfigPackage')
    .getConfigList()
    .flatMap((one) => one.getStaticCollectionConfig() ?? []);
}

function implicitConfig(mspId: string, own: ImplicitCollectionOptions): peer.StaticCollectionConfig {
  const members = new peer.CollectionPolicyConfig();
  members.setSignaturePolicy(signedByAny('member', [mspId]));
  const config = new peer.StaticCollectionConfig();
  config.setName(implicitCollection(mspId));
  config.setMemberOrgsPolicy(members);
  if (mspId === own.mspId) {
    config.setRequiredPeerCount(own.requiredPeerCount ?? 0);
    config.setMaximumPeerCount(own.maxPeerCount ?? 1);
  }
  return config;
}
