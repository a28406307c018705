import { peer } from '@hyperledger/fabric-protos';
import { during, LifecycleError } from './lifecycleError.ts';
import type { ReadableState } from './lifecycleState.ts';
import { readInt64, readMessage, readMetadata, readString, requireType, type Structure } from './stateSerializer.ts';

const { ChaincodeEndorsementInfo, ChaincodeValidationInfo } = peer.lifecycle;

/** Where definitions and approvals are kept. */
export const NAMESPACES = 'namespaces';
/** Where an organisation keeps which package runs a chaincode. */
export const CHAINCODE_SOURCES = 'chaincode-sources';
/** Go's names of the structures, which state holds. */
export const DEFINITION_TYPE = 'ChaincodeDefinition';
export const PARAMETERS_TYPE = 'ChaincodeParameters';
export const LOCAL_PACKAGE_TYPE = 'ChaincodeLocalPackage';

/** What organisations agree on. */
export interface ChaincodeParameters {
  readonly version: string;
  readonly endorsementPlugin: string;
  readonly initRequired: boolean;
  readonly validationPlugin: string;
  /** Serialised `protos.ApplicationPolicy`. */
  readonly validationParameter: Uint8Array;
  readonly collections: peer.CollectionConfigPackage;
}

export interface ChaincodeDefinition extends ChaincodeParameters {
  /** 1 for the first definition; one more with each. */
  readonly sequence: number;
}

export interface ApprovedDefinition extends ChaincodeDefinition {
  /** Empty: approved without a package to run it. */
  readonly packageId: string;
}

/** Name that an organisation's approval is kept under. */
export function approvalName(name: string, sequence: number): string {
  return `${name}#${sequence}`;
}

export function parametersStructure(parameters: ChaincodeParameters): Structure {
  return { type: PARAMETERS_TYPE, fields: parameterFields(parameters) };
}

export function definitionStructure(definition: ChaincodeDefinition): Structure {
  return {
    type: DEFINITION_TYPE,
    fields: [['Sequence', { int64: definition.sequence }], ...parameterFields(definition)],
  };
}

export function localPackageStructure(packageId: string): Structure {
  return { type: LOCAL_PACKAGE_TYPE, fields: [['PackageID', { string: packageId }]] };
}

function parameterFields(parameters: ChaincodeParameters): Structure['fields'] {
  const endorsement = new ChaincodeEndorsementInfo();
  endorsement.setVersion(parameters.version);
  endorsement.setInitRequired(parameters.initRequired);
  endorsement.setEndorsementPlugin(parameters.endorsementPlugin);
  const validation = new ChaincodeValidationInfo();
  validation.setValidationPlugin(parameters.validationPlugin);
  validation.setValidationParameter(parameters.validationParameter);
  return [
    ['EndorsementInfo', { bytes: endorsement.serializeBinary() }],
    ['ValidationInfo', { bytes: validation.serializeBinary() }],
    ['Collections', { bytes: parameters.collections.serializeBinary() }],
  ];
}

/** @param name of a chaincode, or of an approval @throws LifecycleError */
async function readParameters(name: string, state: ReadableState): Promise<ChaincodeParameters> {
  const endorsement = await readMessage(ChaincodeEndorsementInfo, NAMESPACES, name, 'EndorsementInfo', state);
  const validation = await readMessage(ChaincodeValidationInfo, NAMESPACES, name, 'ValidationInfo', state);
  return {
    version: endorsement.getVersion(),
    endorsementPlugin: endorsement.getEndorsementPlugin(),
    initRequired: endorsement.getInitRequired(),
    validationPlugin: validation.getValidationPlugin(),
    validationParameter: validation.getValidationParameter_asU8(),
    collections: await readMessage(peer.CollectionConfigPackage, NAMESPACES, name, 'Collections', state),
  };
}

/** Sequence of the committed definition; 0 for none. @throws LifecycleError */
export function currentSequence(name: string, state: ReadableState): Promise<number> {
  return readInt64(NAMESPACES, name, 'Sequence', state);
}

/** A definition whose metadata were read already. @throws LifecycleError */
export async function readDefinition(
  name: string,
  metadata: peer.lifecycle.StateMetadata,
  state: ReadableState,
): Promise<ChaincodeDefinition> {
  requireType(DEFINITION_TYPE, metadata);
  const sequence = await currentSequence(name, state);
  return { sequence, ...(await readParameters(name, state)) };
}

/** As the commit of a transaction reads it: null for a name that is not defined. @throws LifecycleError */
export async function findDefinition(name: string, state: ReadableState): Promise<ChaincodeDefinition | null> {
  const metadata = await during(`could not deserialize metadata for chaincode ${name}`, () =>
    readMetadata(NAMESPACES, name, state),
  );
  if (metadata === null) {
    return null;
  }
  if (metadata.getDatatype() !== DEFINITION_TYPE) {
    throw new LifecycleError('state', `not a chaincode type: ${metadata.getDatatype()}`);
  }
  return during(`could not deserialize chaincode definition for chaincode ${name}`, () =>
    readDefinition(name, metadata, state),
  );
}

/** What an organisation approved. @param name of the approval @throws LifecycleError */
export async function readApproval(
  name: string,
  metadata: peer.lifecycle.StateMetadata,
  state: ReadableState,
): Promise<ChaincodeParameters> {
  requireType(PARAMETERS_TYPE, metadata);
  return readParameters(name, state);
}

/** Package that an approval names; empty for none. @param name of the approval @throws LifecycleError */
export async function readLocalPackage(
  name: string,
  metadata: peer.lifecycle.StateMetadata,
  state: ReadableState,
): Promise<string> {
  requireType(LOCAL_PACKAGE_TYPE, metadata);
  return readString(CHAINCODE_SOURCES, name, 'PackageID', state);
}

/** The first thing in which two differ, as Fabric words it; null where they are the same. */
export function difference(expected: ChaincodeParameters, passed: ChaincodeParameters): string | null {
  const texts = [
    ['Version', expected.version, passed.version],
    ['EndorsementPlugin', expected.endorsementPlugin, passed.endorsementPlugin],
    ['InitRequired', String(expected.initRequired), String(passed.initRequired)],
    ['ValidationPlugin', expected.validationPlugin, passed.validationPlugin],
    ['ValidationParameter', hex(expected.validationParameter), hex(passed.validationParameter)],
  ] as const;
  for (const [what, one, other] of texts) {
    if (one !== other) {
      return `expected ${what} '${one}' does not match passed ${what} '${other}'`;
    }
  }
  const [one, other] = [expected.collections.serializeBinary(), passed.collections.serializeBinary()];
  return Buffer.compare(one, other) === 0 ? null : 'Collections do not match';
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
