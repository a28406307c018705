import { peer } from '@hyperledger/fabric-protos';
import { LEGACY_NAMESPACE } from '#node/commit/chaincodeDefinitions.ts';
import { approveDefinition } from './approveDefinition.ts';
import { checkCollections, checkCollectionsKept, checkNameAndVersion, staticCollections } from './checkDefinition.ts';
import {
  checkReadiness,
  commitDefinition,
  definedNames,
  organizationApprovals,
  queryDefinition,
} from './commitDefinition.ts';
import { findDefinition } from './definition.ts';
import {
  type ArgumentsOf,
  type ChannelCall,
  type ChannelFunction,
  definitionOf,
  describe,
  type LifecycleFunctions,
  sourceOf,
} from './lifecycleArguments.ts';
import { during, LifecycleError } from './lifecycleError.ts';
import { OrganizationHashes, OrganizationState, PublicState, WritablePublicState } from './lifecycleState.ts';
import { queryAllApproved, queryApproved } from './queryApproved.ts';

const { lifecycle } = peer;

/** What `_lifecycle` does with the definitions of a channel. @param ownMspId this peer's organisation */
export function channelFunctions(ownMspId: string): Pick<LifecycleFunctions, ChannelFunction> {
  return {
    ApproveChaincodeDefinitionForMyOrg: async (args, call) => {
      await during('error validating chaincode definition', () => checkInput(args, call));
      const { bundle, simulator } = call();
      const packageId = args.getSource()?.getLocalPackage()?.getPackageId() ?? '';
      await approveDefinition(args.getName(), definitionOf(args), packageId, {
        bundle,
        publicState: new PublicState(simulator),
        own: new OrganizationState(simulator, ownMspId),
      });
      return new lifecycle.ApproveChaincodeDefinitionForMyOrgResult();
    },

    QueryApprovedChaincodeDefinition: async (args, call) => {
      const { channelId, simulator } = call();
      const approved = await queryApproved(args.getName(), args.getSequence(), {
        channelId,
        publicState: new PublicState(simulator),
        own: new OrganizationState(simulator, ownMspId),
      });
      const result = describe(new lifecycle.QueryApprovedChaincodeDefinitionResult(), approved);
      result.setSource(sourceOf(approved.packageId));
      return result;
    },

    QueryApprovedChaincodeDefinitions: async (_args, call) => {
      const { channelId, simulator } = call();
      const result = new lifecycle.QueryApprovedChaincodeDefinitionsResult();
      const own = new OrganizationState(simulator, ownMspId);
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
      await during('error validating chaincode definition', () => checkInput(args, call));
      const { bundle, simulator } = call();
      const organizations = organizationsOf(call());
      if (!organizations.some(({ mspId }) => mspId === ownMspId)) {
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
      if (approvals.get(ownMspId) !== true) {
        throw new LifecycleError('refused', `chaincode definition not agreed to by this org (${ownMspId})`);
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
}

/** What a definition may not say, by itself or after the one that is committed. */
async function checkInput(
  args: ArgumentsOf<'ApproveChaincodeDefinitionForMyOrg' | 'CommitChaincodeDefinition'>,
  call: () => ChannelCall,
): Promise<void> {
  const name = args.getName();
  checkNameAndVersion(name, args.getVersion());
  const collections = staticCollections(args.getCollections());
  const { bundle, simulator } = call();
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

function organizationsOf({ bundle, simulator }: ChannelCall): readonly OrganizationHashes[] {
  const organizations = bundle.application?.organizations ?? [];
  return organizations.map(({ mspId }) => new OrganizationHashes(simulator, mspId));
}
