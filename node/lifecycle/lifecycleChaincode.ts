import { peer } from '@hyperledger/fabric-protos';
import type { ChaincodeInvocation, ChaincodeResult, SystemChaincode } from '#node/chaincode/chaincodeSupport.ts';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { LEGACY_NAMESPACE } from '#node/commit/chaincodeDefinitions.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import type { AccessControl } from '#node/peer/accessControl.ts';
import type { PeerChannel, PeerChannels } from '#node/peer/peerChannel.ts';
import { LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import { decodeMessage, type MessageType } from '#node/protos/strictReader.ts';
import { signedDataOf } from './signedData.ts';
import type { ChaincodeDefinitionCache } from './chaincodeDefinitionCache.ts';
import { checkCollections, checkCollectionsKept, checkNameAndVersion, staticCollections } from './checkDefinition.ts';
import { findDefinition } from './definition.ts';
import {
  approveDefinition,
  checkReadiness,
  commitDefinition,
  definedNames,
  organizationApprovals,
  queryAllApproved,
  queryApproved,
  queryDefinition,
} from './definitionFunctions.ts';
import type { InstalledPackages } from './installedPackages.ts';
import {
  ARGUMENTS,
  type ArgumentsOf,
  definitionOf,
  describe,
  isLifecycleFunction,
  type LifecycleFunction,
  sourceOf,
} from './lifecycleArguments.ts';
import { during, LifecycleError } from './lifecycleError.ts';
import { OrganizationHashes, OrganizationState, PublicState, WritablePublicState } from './lifecycleState.ts';

const { lifecycle } = peer;
const OK = 200;
const NOT_FOUND = 404;
const FAILED = 500;

export interface LifecycleChaincodeOptions {
  /** This peer's organisation. */
  readonly mspId: string;
}

export interface LifecycleChaincodeModules {
  readonly channels: Pick<PeerChannels, 'channel'>;
  readonly access: Pick<AccessControl, 'check'>;
  readonly packages: InstalledPackages;
  readonly definitions: Pick<ChaincodeDefinitionCache, 'references'>;
}

/** A call within a channel. */
interface ChannelCall {
  readonly channelId: string;
  readonly bundle: ChannelBundle;
  readonly simulator: TxSimulator;
}

type Functions = {
  readonly [F in LifecycleFunction]: (
    args: ArgumentsOf<F>,
    call: () => ChannelCall,
  ) => Promise<{ serializeBinary(): Uint8Array }>;
};

/**
 * The system chaincode `_lifecycle`: packages of this peer, and the definitions of chaincodes that the organisations of a channel agree
 * on (Fabric, core/chaincode/lifecycle/scc.go). Every function takes one message, `lifecycle.<function>Args`, and answers with another.
 */
export class LifecycleChaincode implements SystemChaincode {
  readonly name = LIFECYCLE_NAMESPACE;
  readonly #mspId: string;
  readonly #channels: LifecycleChaincodeModules['channels'];
  readonly #access: LifecycleChaincodeModules['access'];
  readonly #packages: InstalledPackages;
  readonly #definitions: LifecycleChaincodeModules['definitions'];

  constructor(options: LifecycleChaincodeOptions, modules: LifecycleChaincodeModules) {
    this.#mspId = options.mspId;
    this.#channels = modules.channels;
    this.#access = modules.access;
    this.#packages = modules.packages;
    this.#definitions = modules.definitions;
  }

  async invoke(invocation: ChaincodeInvocation): Promise<ChaincodeResult> {
    try {
      return answer(OK, '', await this.#run(invocation));
    } catch (error) {
      const status = error instanceof LifecycleError && error.code === 'not_defined' ? NOT_FOUND : FAILED;
      return answer(status, error instanceof Error ? error.message : String(error));
    }
  }

  async #run(invocation: ChaincodeInvocation): Promise<Uint8Array> {
    const [nameBytes, argument, ...more] = invocation.input.getArgsList_asU8();
    if (nameBytes === undefined) {
      throw new LifecycleError('refused', 'lifecycle scc must be invoked with arguments');
    }
    if (argument === undefined || more.length > 0) {
      const count = 1 + (argument === undefined ? 0 : 1) + more.length;
      throw new LifecycleError(
        'refused',
        `lifecycle scc operations require exactly two arguments but received ${count}`,
      );
    }
    const name = Buffer.from(nameBytes).toString('utf8');
    const channel = this.#channel(invocation.channelId);
    await this.#checkAccess(`${LIFECYCLE_NAMESPACE}/${name}`, channel, invocation);
    try {
      return (await this.#dispatch(name, argument, invocation, channel?.bundle ?? null)).serializeBinary();
    } catch (cause) {
      if (cause instanceof LifecycleError && cause.code === 'not_defined') {
        throw cause;
      }
      return await during(`failed to invoke backing implementation of '${name}'`, () => {
        throw cause;
      });
    }
  }

  /** Null outside any channel. */
  #channel(channelId: string): PeerChannel | null {
    if (channelId === '') {
      return null;
    }
    const channel = this.#channels.channel(channelId);
    if (channel === null) {
      throw new LifecycleError('no_channel', `could not get channelconfig for channel '${channelId}'`);
    }
    const { application } = channel.bundle;
    if (application === null) {
      throw new LifecycleError('no_channel', `could not get application config for channel '${channelId}'`);
    }
    if (!application.capabilities.lifecycleV20) {
      throw new LifecycleError(
        'refused',
        `cannot use new lifecycle for channel '${channelId}' as it does not have the required capabilities enabled`,
      );
    }
    return channel;
  }

  async #checkAccess(resource: string, channel: PeerChannel | null, invocation: ChaincodeInvocation): Promise<void> {
    try {
      await this.#access.check(resource, channel, signedDataOf(invocation.signedProposal));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new LifecycleError('access', `Failed to authorize invocation due to failed ACL check: ${reason}`, {
        cause,
      });
    }
  }

  async #dispatch(
    name: string,
    argument: Uint8Array,
    { channelId, simulator }: ChaincodeInvocation,
    bundle: ChannelBundle | null,
  ): Promise<{ serializeBinary(): Uint8Array }> {
    if (!isLifecycleFunction(name)) {
      throw new LifecycleError('refused', `receiver *lifecycle.Invocation.${name} does not exist`);
    }
    const args = await during(`could not decode input arg for *lifecycle.Invocation.${name}`, () =>
      decodeMessage(ARGUMENTS[name] as MessageType<object>, argument, `lifecycle.${name}Args`),
    );
    const run = this.#functions[name] as (
      args: object,
      call: () => ChannelCall,
    ) => Promise<{ serializeBinary(): Uint8Array }>;
    return run(args, () => {
      if (bundle === null || simulator === null) {
        throw new LifecycleError('no_channel', `could not get channelconfig for channel '${channelId}'`);
      }
      return { channelId, bundle, simulator };
    });
  }

  readonly #functions: Functions = {
    InstallChaincode: async (args) => {
      const installed = await this.#packages.install(args.getChaincodeInstallPackage_asU8());
      const result = new lifecycle.InstallChaincodeResult();
      result.setPackageId(installed.packageId);
      result.setLabel(installed.label);
      return result;
    },

    QueryInstalledChaincode: async (args) => {
      const packageId = args.getPackageId();
      const installed = this.#packages.find(packageId);
      if (installed === null) {
        throw new LifecycleError('not_installed', `could not find chaincode with package id '${packageId}'`);
      }
      const result = new lifecycle.QueryInstalledChaincodeResult();
      const { References, Chaincode } = lifecycle.QueryInstalledChaincodeResult;
      result.setPackageId(installed.packageId);
      result.setLabel(installed.label);
      for (const [channelId, chaincodes] of await this.#definitions.references(packageId)) {
        result.getReferencesMap().set(
          channelId,
          referencesOf(new References(), () => new Chaincode(), chaincodes),
        );
      }
      return result;
    },

    GetInstalledChaincodePackage: async (args) => {
      const result = new lifecycle.GetInstalledChaincodePackageResult();
      result.setChaincodeInstallPackage(await this.#packages.load(args.getPackageId()));
      return result;
    },

    QueryInstalledChaincodes: async () => {
      const result = new lifecycle.QueryInstalledChaincodesResult();
      const { InstalledChaincode, References, Chaincode } = lifecycle.QueryInstalledChaincodesResult;
      for (const { packageId, label } of this.#packages.list()) {
        const one = new InstalledChaincode();
        one.setPackageId(packageId);
        one.setLabel(label);
        for (const [channelId, chaincodes] of await this.#definitions.references(packageId)) {
          one.getReferencesMap().set(
            channelId,
            referencesOf(new References(), () => new Chaincode(), chaincodes),
          );
        }
        result.addInstalledChaincodes(one);
      }
      return result;
    },

    ApproveChaincodeDefinitionForMyOrg: async (args, call) => {
      await during('error validating chaincode definition', () => this.#checkInput(args, call()));
      const { bundle, simulator } = call();
      const packageId = args.getSource()?.getLocalPackage()?.getPackageId() ?? '';
      await approveDefinition(args.getName(), definitionOf(args), packageId, {
        bundle,
        publicState: new PublicState(simulator),
        own: new OrganizationState(simulator, this.#mspId),
      });
      return new lifecycle.ApproveChaincodeDefinitionForMyOrgResult();
    },

    QueryApprovedChaincodeDefinition: async (args, call) => {
      const { channelId, simulator } = call();
      const approved = await queryApproved(args.getName(), args.getSequence(), {
        channelId,
        publicState: new PublicState(simulator),
        own: new OrganizationState(simulator, this.#mspId),
      });
      const result = describe(new lifecycle.QueryApprovedChaincodeDefinitionResult(), approved);
      result.setSource(sourceOf(approved.packageId));
      return result;
    },

    QueryApprovedChaincodeDefinitions: async (_args, call) => {
      const { channelId, simulator } = call();
      const result = new lifecycle.QueryApprovedChaincodeDefinitionsResult();
      const own = new OrganizationState(simulator, this.#mspId);
      for (const approved of await queryAllApproved({ channelId, own })) {
        const one = describe(
          new lifecycle.QueryApprovedChaincodeDefinitionsResult.ApprovedChaincodeDefinition(),
          approved,
        );
        one.setName(approved.name);
        one.setSource(sourceOf(approved.packageId));
        result.addApprovedChaincodeDefinitions(one);
      }
      return result;
    },

    CheckCommitReadiness: async (args, call) => {
      const { bundle, simulator } = call();
      const { approvals, mismatches } = await checkReadiness(args.getName(), definitionOf(args), {
        bundle,
        publicState: new PublicState(simulator),
        organizations: organizationsOf(call()),
      });
      const result = new lifecycle.CheckCommitReadinessResult();
      approvals.forEach((approved, mspId) => result.getApprovalsMap().set(mspId, approved));
      mismatches.forEach((items, mspId) => {
        const differing = new lifecycle.CheckCommitReadinessResult.Mismatches();
        differing.setItemsList([...items]);
        result.getMismatchesMap().set(mspId, differing);
      });
      return result;
    },

    CommitChaincodeDefinition: async (args, call) => {
      await during('error validating chaincode definition', () => this.#checkInput(args, call()));
      const { bundle, simulator } = call();
      const organizations = organizationsOf(call());
      if (!organizations.some(({ mspId }) => mspId === this.#mspId)) {
        throw new LifecycleError(
          'refused',
          "impossibly, this peer's org is processing requests for a channel it is not a member of",
        );
      }
      const publicState = new WritablePublicState(simulator);
      const { approvals } = await commitDefinition(args.getName(), definitionOf(args), {
        bundle,
        publicState,
        organizations,
      });
      if (approvals.get(this.#mspId) !== true) {
        throw new LifecycleError('refused', `chaincode definition not agreed to by this org (${this.#mspId})`);
      }
      return new lifecycle.CommitChaincodeDefinitionResult();
    },

    QueryChaincodeDefinition: async (args, call) => {
      const { simulator } = call();
      const definition = await queryDefinition(args.getName(), new PublicState(simulator));
      const { approvals } = await organizationApprovals(args.getName(), definition, organizationsOf(call()));
      const result = describe(new lifecycle.QueryChaincodeDefinitionResult(), definition);
      approvals.forEach((approved, mspId) => result.getApprovalsMap().set(mspId, approved));
      return result;
    },

    QueryChaincodeDefinitions: async (_args, call) => {
      const publicState = new PublicState(call().simulator);
      const result = new lifecycle.QueryChaincodeDefinitionsResult();
      for (const name of await definedNames(publicState)) {
        const one = describe(
          new lifecycle.QueryChaincodeDefinitionsResult.ChaincodeDefinition(),
          await queryDefinition(name, publicState),
        );
        one.setName(name);
        result.addChaincodeDefinitions(one);
      }
      return result;
    },
  };

  /** What a definition may not say, by itself or after the one that is committed. */
  async #checkInput(
    args: ArgumentsOf<'ApproveChaincodeDefinitionForMyOrg' | 'CommitChaincodeDefinition'>,
    { bundle, simulator }: ChannelCall,
  ): Promise<void> {
    const name = args.getName();
    checkNameAndVersion(name, args.getVersion());
    const collections = staticCollections(args.getCollections());
    checkCollections(collections, bundle.mspManager);
    const committed = await during(`could not retrieve committed definition for chaincode '${name}'`, () =>
      during('could not get info about chaincode', () => findDefinition(name, new PublicState(simulator))),
    );
    if (committed !== null) {
      checkCollectionsKept(collections, committed.collections);
    } else if ((await simulator.getState(LEGACY_NAMESPACE, name)) !== null) {
      // Go peers read that key too: both must come to the same read set. What it held would have to be kept.
      throw new LifecycleError(
        'legacy',
        `chaincode '${name}' was defined by the lifecycle of Fabric 1.x: to go on from such a definition is not supported`,
      );
    }
  }
}

function organizationsOf({ bundle, simulator }: ChannelCall): readonly OrganizationHashes[] {
  const organizations = bundle.application?.organizations ?? [];
  return organizations.map(({ mspId }) => new OrganizationHashes(simulator, mspId));
}

interface NamedVersion {
  setName(value: string): void;
  setVersion(value: string): void;
}

function referencesOf<C extends NamedVersion, R extends { addChaincodes(value: C): C }>(
  references: R,
  make: () => C,
  chaincodes: readonly { readonly name: string; readonly version: string }[],
): R {
  for (const { name, version } of chaincodes) {
    const one = make();
    one.setName(name);
    one.setVersion(version);
    references.addChaincodes(one);
  }
  return references;
}

function answer(status: number, message: string, payload?: Uint8Array): ChaincodeResult {
  const response = new peer.Response();
  response.setStatus(status);
  response.setMessage(message);
  if (payload !== undefined) {
    response.setPayload(payload);
  }
  return { response, event: null };
}
