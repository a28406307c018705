import { peer } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { ChaincodeDefinitions } from '#node/commit/chaincodeDefinitions.ts';
import type { CollectionNames } from '#node/ledger/simulator/queryExecutor.ts';
import type { StateReader } from '#node/ledger/state/stateDatabase.ts';
import { signedByAny } from '#node/policy/policyDsl.ts';
import { LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import { IMPLICIT_COLLECTION, implicitCollectionOf } from './lifecycleState.ts';

export interface ChaincodeCollectionsOptions {
  /** This peer's organisation. */
  readonly mspId: string;
  /** To how many other peers private data of the own organisation's implicit collection go at endorsement. Default 0. */
  readonly implicitRequiredPeerCount?: number;
  readonly implicitMaximumPeerCount?: number;
}

/**
 * The collections of the chaincodes of a channel: those of their definition, and one of each organisation that none has to define
 * (Fabric, core/chaincode/lifecycle `ValidatorCommitter`). A chaincode from before the lifecycle of 2.0 has none here.
 */
export class ChaincodeCollections {
  readonly #options: ChaincodeCollectionsOptions;
  readonly #channel: { readonly bundle: ChannelBundle };

  /** @param modules.channel whose bundle is asked each time: organisations come and go */
  constructor(options: ChaincodeCollectionsOptions, modules: { readonly channel: { readonly bundle: ChannelBundle } }) {
    this.#options = options;
    this.#channel = modules.channel;
  }

  /** For simulators. */
  get names(): CollectionNames {
    return async (namespace, state) => {
      const explicit = await this.#explicit(namespace, state);
      return explicit === null
        ? null
        : new Set([...explicit.keys(), ...this.#organizations().map(implicitCollectionOf)]);
    };
  }

  /** Null for a chaincode or a collection that is not defined. */
  async config(namespace: string, collection: string, state: StateReader): Promise<peer.StaticCollectionConfig | null> {
    const explicit = await this.#explicit(namespace, state);
    if (explicit === null) {
      return null;
    }
    return collection.startsWith(IMPLICIT_COLLECTION)
      ? this.implicit(collection.slice(IMPLICIT_COLLECTION.length))
      : (explicit.get(collection) ?? null);
  }

  /** All collections of a chaincode, those of the organisations last; null for one that is not defined. */
  async configs(namespace: string, state: StateReader): Promise<peer.CollectionConfigPackage | null> {
    const explicit = await this.#explicit(namespace, state);
    if (explicit === null) {
      return null;
    }
    const all = new peer.CollectionConfigPackage();
    for (const config of [...explicit.values(), ...this.#organizations().map((mspId) => this.implicit(mspId))]) {
      const one = new peer.CollectionConfig();
      one.setStaticCollectionConfig(config);
      all.addConfig(one);
    }
    return all;
  }

  /** An organisation's own collection: its members read and write, its data never expire. */
  implicit(mspId: string): peer.StaticCollectionConfig {
    const members = new peer.CollectionPolicyConfig();
    members.setSignaturePolicy(signedByAny('member', [mspId]));
    const config = new peer.StaticCollectionConfig();
    config.setName(implicitCollectionOf(mspId));
    config.setMemberOrgsPolicy(members);
    if (mspId === this.#options.mspId) {
      config.setRequiredPeerCount(this.#options.implicitRequiredPeerCount ?? 0);
      config.setMaximumPeerCount(this.#options.implicitMaximumPeerCount ?? 0);
    }
    return config;
  }

  #organizations(): readonly string[] {
    return (this.#channel.bundle.application?.organizations ?? []).map(({ mspId }) => mspId);
  }

  async #explicit(
    namespace: string,
    state: StateReader,
  ): Promise<ReadonlyMap<string, peer.StaticCollectionConfig> | null> {
    if (namespace === LIFECYCLE_NAMESPACE) {
      return new Map();
    }
    const definition = await new ChaincodeDefinitions(state).find(namespace);
    return definition === null || definition.legacy ? null : definition.collections;
  }
}
