import type { ChannelBundle } from '#node/channel/bundle.ts';
import { policyReference } from '#node/commit/policyBook.ts';
import { DEFAULT_ENDORSEMENT_REFERENCE } from '#node/protos/policyText.ts';
import {
  approvalName,
  type ChaincodeDefinition,
  currentSequence,
  DEFINITION_TYPE,
  definitionStructure,
  NAMESPACES,
  parametersStructure,
  readDefinition,
} from './definition.ts';
import { during, LifecycleError } from './lifecycleError.ts';
import type { OpaqueState, RangeableState, ReadableState, WritableState } from './lifecycleState.ts';
import { mismatches, readAllMetadata, readMetadata, serialize } from './stateSerializer.ts';

/** Which organisations agree to a definition. */
export interface OrganizationApprovals {
  /** By MSP ID. */
  readonly approvals: ReadonlyMap<string, boolean>;
  /** What an organisation approved differently, or the type's name where it approved nothing; those that agree are not in it. */
  readonly mismatches: ReadonlyMap<string, readonly string[]>;
}

/*
 * Each function reads what Go reads, key by key: the endorsers of one transaction must come to the same read set (Fabric,
 * core/chaincode/lifecycle `ExternalFunctions`).
 */

/**
 * Fills what a definition leaves out: `escc`, `vscc`, and the channel's own endorsement policy.
 * @throws LifecycleError
 */
export function withDefaults<T extends ChaincodeDefinition>(definition: T, bundle: ChannelBundle): T {
  let { validationParameter } = definition;
  if (validationParameter.length === 0) {
    if (bundle.policies.policy(DEFAULT_ENDORSEMENT_REFERENCE) === null) {
      throw new LifecycleError(
        'refused',
        `could not set defaults for chaincode definition in channel ${bundle.channelId}: policy '${DEFAULT_ENDORSEMENT_REFERENCE}' must be defined for channel '${bundle.channelId}' before chaincode operations can be attempted`,
      );
    }
    validationParameter = policyReference(DEFAULT_ENDORSEMENT_REFERENCE);
  }
  return {
    ...definition,
    endorsementPlugin: definition.endorsementPlugin || 'escc',
    validationPlugin: definition.validationPlugin || 'vscc',
    validationParameter,
  };
}

/**
 * Whether a definition could be committed now, and who agrees to it.
 * @returns the definition with its defaults, and the approvals
 * @throws LifecycleError
 */
export async function checkReadiness(
  name: string,
  asked: ChaincodeDefinition,
  {
    bundle,
    publicState,
    organizations,
  }: { bundle: ChannelBundle; publicState: ReadableState; organizations: readonly OpaqueState[] },
): Promise<OrganizationApprovals & { readonly definition: ChaincodeDefinition }> {
  const current = await during('could not get current sequence', () => currentSequence(name, publicState));
  if (asked.sequence !== current + 1) {
    throw new LifecycleError(
      'refused',
      `requested sequence is ${asked.sequence}, but new definition must be sequence ${current + 1}`,
    );
  }
  const definition = withDefaults(asked, bundle);
  return { definition, ...(await organizationApprovals(name, definition, organizations)) };
}

/** Writes a definition into the channel's state. Whether enough agree is for the caller to look at. @throws LifecycleError */
export async function commitDefinition(
  name: string,
  asked: ChaincodeDefinition,
  modules: { bundle: ChannelBundle; publicState: WritableState; organizations: readonly OpaqueState[] },
): Promise<OrganizationApprovals> {
  const ready = await checkReadiness(name, asked, modules);
  await during('could not serialize chaincode definition', () =>
    serialize(NAMESPACES, name, definitionStructure(ready.definition), modules.publicState),
  );
  return ready;
}

/** Who agrees to a definition, by the hashes of what each organisation approved. @throws LifecycleError */
export async function organizationApprovals(
  name: string,
  definition: ChaincodeDefinition,
  organizations: readonly OpaqueState[],
): Promise<OrganizationApprovals> {
  const approvals = new Map<string, boolean>();
  const differing = new Map<string, readonly string[]>();
  const privateName = approvalName(name, definition.sequence);
  for (const organization of organizations) {
    const items = await during(`serialization check failed for key ${privateName}`, () =>
      mismatches(NAMESPACES, privateName, parametersStructure(definition), organization),
    );
    approvals.set(organization.mspId, items.length === 0);
    if (items.length > 0) {
      differing.set(organization.mspId, items);
    }
  }
  return { approvals, mismatches: differing };
}

/** @throws LifecycleError `not_defined` */
export async function queryDefinition(name: string, publicState: ReadableState): Promise<ChaincodeDefinition> {
  const metadata = await during(`could not fetch metadata for namespace ${name}`, () =>
    readMetadata(NAMESPACES, name, publicState),
  );
  if (metadata === null) {
    throw new LifecycleError('not_defined', `namespace ${name} is not defined`);
  }
  return during(`could not deserialize namespace ${name} as chaincode`, () =>
    readDefinition(name, metadata, publicState),
  );
}

/** Names of all chaincodes that are defined, in order. @throws LifecycleError */
export async function definedNames(publicState: RangeableState): Promise<readonly string[]> {
  const all = await during('could not query namespace metadata', () => readAllMetadata(NAMESPACES, publicState));
  return [...all].filter(([, metadata]) => metadata.getDatatype() === DEFINITION_TYPE).map(([name]) => name);
}
