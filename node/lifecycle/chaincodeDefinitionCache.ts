import type { ChaincodeDefinitionSource, EndorsementInfo, InstalledPackage } from '#node/chaincode/chaincodeSupport.ts';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import { LEGACY_NAMESPACE } from '#node/commit/chaincodeDefinitions.ts';
import type { QueryExecutor } from '#node/ledger/simulator/queryExecutor.ts';
import type { PeerChannel, PeerChannels } from '#node/peer/peerChannel.ts';
import { VALID } from '#node/protos/enumNames.ts';
import { LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import {
  approvalName,
  CHAINCODE_SOURCES,
  type ChaincodeDefinition,
  currentSequence,
  findDefinition,
  localPackageStructure,
  NAMESPACES,
  parametersStructure,
} from './definition.ts';
import { definedNames } from './commitDefinition.ts';
import { during, LifecycleError } from './lifecycleError.ts';
import type { InstalledPackages } from './installedPackages.ts';
import { OrganizationHashes, PublicState } from './lifecycleState.ts';
import { fieldKey, isMetadataSerialized, mismatches } from './stateSerializer.ts';

/** A committed definition, as this peer stands to it. */
export interface LocalDefinition {
  readonly name: string;
  readonly definition: ChaincodeDefinition;
  /** Whether this organisation approved it. */
  readonly approved: boolean;
  /** Of the package that this organisation approved, if it is installed here; null else. */
  readonly installed: InstalledPackage | null;
}

/** As it is cached: what is installed changes without the channel. */
type CachedDefinition = Omit<LocalDefinition, 'installed'> & {
  /** Of the approved package; null where none is approved. */
  readonly packageHash: Uint8Array | null;
};

export interface ChaincodeDefinitionCacheOptions {
  /** This peer's organisation. */
  readonly mspId: string;
  /** Development mode: chaincode that registers by itself as `name:version` stands in for a package that is not installed. */
  readonly userRunsChaincode?: boolean;
}

export interface ChaincodeDefinitionCacheModules {
  readonly channels: Pick<PeerChannels, 'channel' | 'list'>;
  readonly packages: InstalledPackages;
}

/** Chaincodes of one channel, by name; null for one that is not defined. */
interface ChannelDefinitions {
  readonly known: Map<string, Promise<CachedDefinition | null>>;
}

/**
 * The chaincodes of each channel as this peer can run them: definition, this organisation's approval, installed package. Kept until
 * a block writes to `_lifecycle` (Fabric, core/chaincode/lifecycle `Cache`).
 */
export class ChaincodeDefinitionCache implements ChaincodeDefinitionSource {
  readonly #mspId: string;
  readonly #userRunsChaincode: boolean;
  readonly #channels: ChaincodeDefinitionCacheModules['channels'];
  readonly #packages: InstalledPackages;
  readonly #byChannel = new WeakMap<PeerChannel, ChannelDefinitions>();
  readonly #listeners = new Set<(channelId: string) => void>();

  constructor(options: ChaincodeDefinitionCacheOptions, modules: ChaincodeDefinitionCacheModules) {
    this.#mspId = options.mspId;
    this.#userRunsChaincode = options.userRunsChaincode ?? false;
    this.#channels = modules.channels;
    this.#packages = modules.packages;
  }

  /**
   * Reads the sequence through the caller's query, so that a transaction is void if the definition changes before it is committed.
   * @throws LifecycleError `not_approved`, `changed`, `legacy`, `no_channel`, `state`
   */
  async endorsementInfo(channelId: string, name: string, query: QueryExecutor): Promise<EndorsementInfo | null> {
    const channel = this.#channel(channelId);
    if (channel.bundle.application?.capabilities.lifecycleV20 !== true) {
      throw legacy(name, channelId);
    }
    const sequence = await during(
      `could not get current sequence for chaincode '${name}' on channel '${channelId}'`,
      () => currentSequence(name, new PublicState(query)),
    );
    if (sequence === 0) {
      // As a Go peer, which then looks where chaincodes were defined before.
      if ((await query.getState(LEGACY_NAMESPACE, name)) !== null) {
        throw legacy(name, channelId);
      }
      return null;
    }
    const local = await this.definition(channelId, name);
    const cachedSequence = local?.definition.sequence ?? 0;
    if (local === null || cachedSequence !== sequence) {
      throw new LifecycleError(
        'changed',
        `chaincode cache at sequence ${cachedSequence} but current sequence is ${sequence}, chaincode definition for '${name}' changed during invoke`,
      );
    }
    if (!local.approved) {
      throw new LifecycleError(
        'not_approved',
        `chaincode definition for '${name}' at sequence ${sequence} on channel '${channelId}' has not yet been approved by this org`,
      );
    }
    const { version, initRequired, endorsementPlugin } = local.definition;
    const standIn = this.#userRunsChaincode ? `${name}:${version}` : null;
    return {
      version,
      enforceInit: initRequired,
      packageId: local.installed?.packageId ?? standIn,
      endorsementPlugin,
    };
  }

  /** As the channel's state is now; null for a name that is not defined. @throws LifecycleError */
  async definition(channelId: string, name: string): Promise<LocalDefinition | null> {
    const cached = await this.#cached(this.#channel(channelId), name);
    return cached === null ? null : this.#local(cached);
  }

  /** All chaincodes of a channel, by name. @throws LifecycleError */
  async definitions(channelId: string): Promise<readonly LocalDefinition[]> {
    const channel = this.#channel(channelId);
    const query = await channel.query();
    let names: readonly string[];
    try {
      names = await definedNames(new PublicState(query));
    } finally {
      await query.done();
    }
    const found = await Promise.all(names.map((name) => this.#cached(channel, name)));
    return found.filter((one) => one !== null).map((one) => this.#local(one));
  }

  /**
   * Which chaincodes of which channels a package runs.
   * @returns by channel; empty for a package that none runs
   */
  async references(
    packageId: string,
  ): Promise<ReadonlyMap<string, readonly { readonly name: string; readonly version: string }[]>> {
    const found = new Map<string, readonly { readonly name: string; readonly version: string }[]>();
    for (const channelId of this.#channels.list()) {
      const channel = this.#channels.channel(channelId);
      const all = channel === null ? [] : await this.definitions(channelId);
      const own = all.filter(({ installed }) => installed?.packageId === packageId);
      if (own.length > 0) {
        found.set(
          channelId,
          own.map(({ name, definition }) => ({ name, version: definition.version })),
        );
      }
    }
    return found;
  }

  /** Told, after the block is committed, of a channel whose definitions or approvals may have changed. @returns how to stop it */
  onChange(listener: (channelId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** To be called when a channel is opened, for `onChange` to tell of it; reading from it does the same. */
  watch(channel: PeerChannel): void {
    this.#of(channel);
  }

  #channel(channelId: string): PeerChannel {
    const channel = this.#channels.channel(channelId);
    if (channel === null) {
      throw new LifecycleError('no_channel', `could not get channel config for channel '${channelId}'`);
    }
    return channel;
  }

  #of(channel: PeerChannel): ChannelDefinitions {
    let definitions = this.#byChannel.get(channel);
    if (definitions === undefined) {
      const made: ChannelDefinitions = { known: new Map() };
      channel.onCommit((block) => {
        if (writesTo(block, LIFECYCLE_NAMESPACE)) {
          made.known.clear();
          this.#listeners.forEach((listener) => listener(channel.channelId));
        }
      });
      this.#byChannel.set(channel, made);
      definitions = made;
    }
    return definitions;
  }

  #cached(channel: PeerChannel, name: string): Promise<CachedDefinition | null> {
    const { known } = this.#of(channel);
    let found = known.get(name);
    if (found === undefined) {
      found = this.#read(channel, name);
      known.set(name, found);
      const forget = (): void => {
        if (known.get(name) === found) {
          known.delete(name);
        }
      };
      // What could not be read is asked for again, and names that nobody defined would fill the memory.
      found.then((one) => one === null && forget(), forget);
    }
    return found;
  }

  async #read(channel: PeerChannel, name: string): Promise<CachedDefinition | null> {
    const { channelId } = channel;
    const query = await channel.query();
    try {
      const definition = await during(
        `could not get chaincode definition for '${name}' on channel '${channelId}'`,
        () => findDefinition(name, new PublicState(query)),
      );
      if (definition === null) {
        return null;
      }
      const hashes = new OrganizationHashes(query, this.#mspId);
      const privateName = approvalName(name, definition.sequence);
      const differing = await during(`could not check opaque org state for '${name}' on channel '${channelId}'`, () =>
        mismatches(NAMESPACES, privateName, parametersStructure(definition), hashes),
      );
      if (differing.length > 0) {
        return { name, definition, approved: false, packageHash: null };
      }
      const source = localPackageStructure('');
      const hasSource = await during(
        `could not check opaque org state for chaincode source for '${name}' on channel '${channelId}'`,
        () => isMetadataSerialized(CHAINCODE_SOURCES, privateName, source, hashes),
      );
      const key = fieldKey(CHAINCODE_SOURCES, privateName, 'PackageID');
      return { name, definition, approved: true, packageHash: hasSource ? await hashes.getHash(key) : null };
    } finally {
      await query.done();
    }
  }

  #local({ name, definition, approved, packageHash }: CachedDefinition): LocalDefinition {
    const installed = packageHash === null ? null : this.#packages.findByApproval(packageHash);
    return { name, definition, approved, installed };
  }
}

/** Whether a valid transaction of a block writes to a namespace, in the open or hidden. */
function writesTo(block: CommittedBlock, namespace: string): boolean {
  return block.view.envelopes.some((envelope, tx) => {
    if (block.transactions[tx]?.code !== VALID || envelope.channelHeader.typeName !== 'ENDORSER_TRANSACTION') {
      return false;
    }
    const set = envelope.transaction.action.readWriteSet.namespace(namespace);
    return set !== null && (set.writes.length > 0 || set.collections.some(({ writes }) => writes.length > 0));
  });
}

function legacy(name: string, channelId: string): LifecycleError {
  return new LifecycleError(
    'legacy',
    `chaincode '${name}' on channel '${channelId}' was defined by the lifecycle of Fabric 1.x, which is not supported: define it anew with 'peer lifecycle chaincode'`,
  );
}
