import { peer } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import type { ChaincodeDefinition } from './definition.ts';

const { lifecycle } = peer;

/** The arguments' messages of all functions, and what each is called. */
export const ARGUMENTS = {
  InstallChaincode: lifecycle.InstallChaincodeArgs,
  QueryInstalledChaincode: lifecycle.QueryInstalledChaincodeArgs,
  GetInstalledChaincodePackage: lifecycle.GetInstalledChaincodePackageArgs,
  QueryInstalledChaincodes: lifecycle.QueryInstalledChaincodesArgs,
  ApproveChaincodeDefinitionForMyOrg: lifecycle.ApproveChaincodeDefinitionForMyOrgArgs,
  QueryApprovedChaincodeDefinition: lifecycle.QueryApprovedChaincodeDefinitionArgs,
  QueryApprovedChaincodeDefinitions: lifecycle.QueryApprovedChaincodeDefinitionsArgs,
  CheckCommitReadiness: lifecycle.CheckCommitReadinessArgs,
  CommitChaincodeDefinition: lifecycle.CommitChaincodeDefinitionArgs,
  QueryChaincodeDefinition: lifecycle.QueryChaincodeDefinitionArgs,
  QueryChaincodeDefinitions: lifecycle.QueryChaincodeDefinitionsArgs,
} as const;

export type LifecycleFunction = keyof typeof ARGUMENTS;
export type ArgumentsOf<F extends LifecycleFunction> = InstanceType<(typeof ARGUMENTS)[F]>;

/** Functions that have to do with packages alone. */
export type PackageFunction = Extract<LifecycleFunction, `${string}Installed${string}` | 'InstallChaincode'>;
export type ChannelFunction = Exclude<LifecycleFunction, PackageFunction>;

/** A call within a channel. */
export interface ChannelCall {
  readonly channelId: string;
  readonly bundle: ChannelBundle;
  readonly simulator: TxSimulator;
}

/** @param call throws outside any channel */
export type LifecycleFunctions = {
  readonly [F in LifecycleFunction]: (
    args: ArgumentsOf<F>,
    call: () => ChannelCall,
  ) => Promise<{ serializeBinary(): Uint8Array }>;
};

export function isLifecycleFunction(name: string): name is LifecycleFunction {
  return Object.hasOwn(ARGUMENTS, name);
}

/** Arguments that describe a definition. */
type DefinitionArguments = ArgumentsOf<
  'ApproveChaincodeDefinitionForMyOrg' | 'CheckCommitReadiness' | 'CommitChaincodeDefinition'
>;

/** As the caller wrote it, nothing filled in. */
export function definitionOf(args: DefinitionArguments): ChaincodeDefinition {
  return {
    sequence: args.getSequence(),
    version: args.getVersion(),
    endorsementPlugin: args.getEndorsementPlugin(),
    initRequired: args.getInitRequired(),
    validationPlugin: args.getValidationPlugin(),
    validationParameter: args.getValidationParameter_asU8(),
    collections: args.getCollections() ?? new peer.CollectionConfigPackage(),
  };
}

/** Results that describe a definition. */
interface DefinitionResult {
  setSequence(value: number): void;
  setVersion(value: string): void;
  setEndorsementPlugin(value: string): void;
  setValidationPlugin(value: string): void;
  setValidationParameter(value: Uint8Array): void;
  setInitRequired(value: boolean): void;
  setCollections(value: peer.CollectionConfigPackage): void;
}

/** @returns the result that it filled */
export function describe<R extends DefinitionResult>(result: R, definition: ChaincodeDefinition): R {
  result.setSequence(definition.sequence);
  result.setVersion(definition.version);
  result.setEndorsementPlugin(definition.endorsementPlugin);
  result.setValidationPlugin(definition.validationPlugin);
  result.setValidationParameter(definition.validationParameter);
  result.setInitRequired(definition.initRequired);
  result.setCollections(definition.collections);
  return result;
}

/** Where the package of an approval comes from. @param packageId empty for none */
export function sourceOf(packageId: string): peer.lifecycle.ChaincodeSource {
  const source = new lifecycle.ChaincodeSource();
  if (packageId === '') {
    source.setUnavailable(new lifecycle.ChaincodeSource.Unavailable());
  } else {
    const local = new lifecycle.ChaincodeSource.Local();
    local.setPackageId(packageId);
    source.setLocalPackage(local);
  }
  return source;
}
