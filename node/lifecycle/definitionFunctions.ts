import type { peer } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { DEFAULT_ENDORSEMENT_REFERENCE } from '#node/protos/policyText.ts';
import { policyReference } from '#node/commit/policyBook.ts';
import {
  type ApprovedDefinition,
  approvalName,
  CHAINCODE_SOURCES,
  type ChaincodeDefinition,
  currentSequence,
  DEFINITION_TYPE,
  definitionStructure,
  difference,
  LOCAL_PACKAGE_TYPE,
  localPackageStructure,
  NAMESPACES,
  PARAMETERS_TYPE,
  parametersStructure,
  readApproval,
  readDefinition,
  readLocalPackage,
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
 * What `_lifecycle` does, on the state that it is given (Fabric, core/chaincode/lifecycle `ExternalFunctions`). Each reads what Go
 * reads: endorsers of one transaction must come to the same read set.
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
 * Notes that this organisation agrees to a definition, the next one or the committed one, and which package it runs.
 * @param packageId empty: none, so that this organisation's peers do not endorse
 * @throws LifecycleError
 */
export async function approveDefinition(
  name: string,
  asked: ChaincodeDefinition,
  packageId: string,
  { bundle, publicState, own }: { bundle: ChannelBundle; publicState: ReadableState; own: WritableState },
): Promise<void> {
  const current = await during('could not get current sequence', () => currentSequence(name, publicState));
  const { sequence } = asked;
  if (current === 0 && sequence === 0) {
    refuse('requested sequence is 0, but first definable sequence number is 1');
  }
  if (sequence < current) {
    refuse(`currently defined sequence ${current} is larger than requested sequence ${sequence}`);
  }
  if (sequence > current + 1) {
    refuse(`requested sequence ${sequence} is larger than the next available sequence number ${current + 1}`);
  }
  const definition = withDefaults(asked, bundle);
  if (sequence === current) {
    await requireSameAsCommitted(name, definition, publicState);
  }
  const privateName = approvalName(name, sequence);
  if (await isApprovedAlready(privateName, definition, packageId, own)) {
    refuse(
      sequence === current
        ? `attempted to redefine the current committed sequence (${current}) for namespace ${name}`
        : `attempted to redefine uncommitted sequence (${sequence}) for namespace ${name} with unchanged content`,
    );
  }
  await during('could not serialize chaincode parameters to state', () =>
    serialize(NAMESPACES, privateName, parametersStructure(definition), own),
  );
  await during('could not serialize chaincode package info to state', () =>
    serialize(CHAINCODE_SOURCES, privateName, localPackageStructure(packageId), own),
  );
}

async function requireSameAsCommitted(
  name: string,
  definition: ChaincodeDefinition,
  publicState: ReadableState,
): Promise<void> {
  const { sequence } = definition;
  const metadata = await during('could not fetch metadata for current definition', () =>
    readMetadata(NAMESPACES, name, publicState),
  );
  if (metadata === null) {
    throw new LifecycleError('state', `missing metadata for currently committed sequence number (${sequence})`);
  }
  const committed = await during(`could not deserialize namespace ${name} as chaincode`, () =>
    readDefinition(name, metadata, publicState),
  );
  const differs = difference(committed, definition);
  if (differs !== null) {
    refuse(
      `attempted to redefine the current committed sequence (${sequence}) for namespace ${name} with different parameters: ${differs}`,
    );
  }
}

/** To approve the same a second time would be a transaction that writes nothing. */
async function isApprovedAlready(
  privateName: string,
  definition: ChaincodeDefinition,
  packageId: string,
  own: ReadableState,
): Promise<boolean> {
  const metadata = await during(
    `could not fetch chaincode definition, chaincode ${privateName}, requested at sequence ${definition.sequence}`,
    () => readMetadata(NAMESPACES, privateName, own),
  );
  if (metadata === null) {
    return false;
  }
  const approved = await during(`could not deserialize namespace ${privateName} as chaincode`, () =>
    readApproval(privateName, metadata, own),
  );
  if (difference(approved, definition) !== null) {
    return false;
  }
  const source = await during(`could not deserialize chaincode-source metadata for ${privateName}`, () =>
    readMetadata(CHAINCODE_SOURCES, privateName, own),
  );
  if (source === null) {
    return false;
  }
  const approvedPackage = await during(`could not deserialize chaincode package for ${privateName}`, () =>
    readLocalPackage(privateName, source, own),
  );
  return approvedPackage === packageId;
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
    refuse(`requested sequence is ${asked.sequence}, but new definition must be sequence ${current + 1}`);
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

/**
 * What this organisation approved.
 * @param sequence 0: of the next definition, else of the committed one
 * @throws LifecycleError
 */
export async function queryApproved(
  name: string,
  sequence: number,
  { channelId, publicState, own }: { channelId: string; publicState: ReadableState; own: ReadableState },
): Promise<ApprovedDefinition> {
  let wanted = sequence;
  if (wanted === 0) {
    wanted = await during('could not get current sequence', () => currentSequence(name, publicState));
    const next = await during(`could not deserialize namespace metadata for next sequence ${wanted + 1}`, () =>
      readMetadata(NAMESPACES, approvalName(name, wanted + 1), own),
    );
    if (next !== null) {
      wanted++;
    }
  }
  const privateName = approvalName(name, wanted);
  const metadata = await during(`could not deserialize namespace metadata for ${privateName}`, () =>
    readMetadata(NAMESPACES, privateName, own),
  );
  if (metadata === null) {
    throw new LifecycleError(
      'refused',
      `could not fetch approved chaincode definition (name: '${name}', sequence: '${wanted}') on channel '${channelId}'`,
    );
  }
  return approvedDefinition(name, wanted, metadata, own);
}

/** All that this organisation approved in the channel, by name and sequence. @throws LifecycleError */
export async function queryAllApproved({
  channelId,
  own,
}: {
  channelId: string;
  own: RangeableState;
}): Promise<readonly (ApprovedDefinition & { readonly name: string })[]> {
  const all = await during('could not fetch metadatas', () => readAllMetadata(NAMESPACES, own));
  const approved: (ApprovedDefinition & { readonly name: string })[] = [];
  for (const [privateName, metadata] of all) {
    const { name, sequence } = nameAndSequence(privateName);
    const definition = await during(
      `could not fetch approved chaincode definition (name: '${name}', sequence: '${sequence}') on channel '${channelId}'`,
      () => approvedDefinition(name, sequence, metadata, own),
    );
    approved.push({ name, ...definition });
  }
  return approved;
}

async function approvedDefinition(
  name: string,
  sequence: number,
  metadata: peer.lifecycle.StateMetadata,
  own: ReadableState,
): Promise<ApprovedDefinition> {
  const privateName = approvalName(name, sequence);
  if (metadata.getDatatype() !== PARAMETERS_TYPE) {
    throw new LifecycleError('state', `not a chaincode parameters type: ${metadata.getDatatype()}`);
  }
  const parameters = await during(`could not deserialize chaincode parameters for ${privateName}`, () =>
    readApproval(privateName, metadata, own),
  );
  const source = await during(`could not deserialize chaincode-source metadata for ${privateName}`, () =>
    readMetadata(CHAINCODE_SOURCES, privateName, own),
  );
  if (source === null) {
    throw new LifecycleError('state', `could not fetch chaincode-source metadata for ${privateName}`);
  }
  if (source.getDatatype() !== LOCAL_PACKAGE_TYPE) {
    throw new LifecycleError('state', `not a chaincode local package type: ${source.getDatatype()}`);
  }
  const packageId = await during(`could not deserialize chaincode package for ${privateName}`, () =>
    readLocalPackage(privateName, source, own),
  );
  return { sequence, ...parameters, packageId };
}

function nameAndSequence(privateName: string): { name: string; sequence: number } {
  const [name = '', sequence = '', ...more] = privateName.split('#');
  if (more.length > 0 || !/^\d{1,15}$/.test(sequence)) {
    throw new LifecycleError(
      'state',
      `could not extract chaincode name and sequence number from metadata: ${privateName}: invalid private name format: ${privateName}`,
    );
  }
  return { name, sequence: Number(sequence) };
}

function refuse(message: string): never {
  throw new LifecycleError('refused', message);
}
