import { common, msp, peer } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { implicitOwner, LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import { isOwnLimit, ProtoError } from '#node/protos/protoError.ts';
import type { ChaincodeDefinitions, CommittedDefinition } from './chaincodeDefinitions.ts';
import { CommitError } from './commitError.ts';
import type { ValidationPlugin, ValidationPlugins } from './validationPlugins.ts';
import { policyReference, signaturePolicyAsApplicationPolicy } from './policyBook.ts';

/** Fabric's own validation plugin, which is the code here. */
const BUILT_IN_PLUGIN = 'vscc';
const LIFECYCLE_POLICY = '/Channel/Application/LifecycleEndorsement';

/** Whose endorsement a chaincode's namespace wants; serialised `protos.ApplicationPolicy`s. */
export interface EndorsementRules {
  readonly policy: Uint8Array;
  /** Decides in place of the policies. */
  readonly plugin?: ValidationPlugin;
  /**
   * Of a collection: its own policy, or `refused`, or null where that of the namespace counts.
   */
  collectionPolicy(collection: string): Uint8Array | { readonly refused: string } | null;
}

/**
 * Rules for a namespace that a transaction wrote to, by the definitions and the configuration in force; text says why nothing may
 * be written there (Fabric: code INVALID_CHAINCODE).
 * @throws CommitError `unknown_plugin`, `state_unreadable`
 */
export async function endorsementRules(
  namespace: string,
  definitions: ChaincodeDefinitions,
  bundle: ChannelBundle,
  plugins: ValidationPlugins = {},
): Promise<EndorsementRules | string> {
  if (namespace === LIFECYCLE_NAMESPACE) {
    return {
      policy: lifecyclePolicy(bundle),
      collectionPolicy: (collection) =>
        implicitCollection(collection, bundle) ?? { refused: `${LIFECYCLE_NAMESPACE} has no collection ${collection}` },
    };
  }
  const definition = await definitions.find(namespace);
  if (definition === null) {
    return `chaincode ${namespace} is not defined on the channel`;
  }
  if (definition.validationPlugin === '') {
    return `the definition of ${namespace} names no validation plugin`;
  }
  if (definition.validationParameter.length === 0) {
    return `the definition of ${namespace} has no endorsement policy`;
  }
  const rules = definition.legacy ? legacyRules(definition) : definedRules(definition, bundle);
  if (definition.validationPlugin === BUILT_IN_PLUGIN) {
    return rules;
  }
  const plugin = Object.hasOwn(plugins, definition.validationPlugin) ? plugins[definition.validationPlugin] : undefined;
  if (plugin === undefined) {
    // As in Fabric: a peer that cannot tell whether a transaction is valid must not go on.
    throw new CommitError(
      'unknown_plugin',
      null,
      `chaincode ${namespace} is validated by plugin ${definition.validationPlugin}, which this node does not have`,
    );
  }
  return { ...rules, policy: definition.validationParameter, plugin };
}

function definedRules(definition: CommittedDefinition, bundle: ChannelBundle): EndorsementRules {
  return {
    policy: definition.validationParameter,
    collectionPolicy(collection) {
      const implicit = implicitCollection(collection, bundle);
      if (implicit !== null) {
        return implicit;
      }
      const policy = definition.collectionPolicies.get(collection);
      if (policy === undefined) {
        return { refused: `no such collection '${collection}'` };
      }
      // Without one of its own the collection repeats the chaincode's, which then counts as the collection's.
      return policy ?? definition.validationParameter;
    },
  };
}

/** Definitions from before 2.0 hold a bare signature policy; one that cannot be read is left as it is, and then met by nobody. */
function legacyRules(definition: CommittedDefinition): EndorsementRules {
  let policy = definition.validationParameter;
  try {
    policy = signaturePolicyAsApplicationPolicy(policy);
  } catch (error) {
    if (!(error instanceof ProtoError) || isOwnLimit(error)) {
      throw error;
    }
  }
  return { policy, collectionPolicy: () => null };
}

/** Null for a collection that is not an organisation's own. */
function implicitCollection(
  collection: string,
  bundle: ChannelBundle,
): Uint8Array | { readonly refused: string } | null {
  const mspId = implicitOwner(collection);
  if (mspId === null) {
    return null;
  }
  const organization = bundle.application?.organizations.find((one) => one.mspId === mspId);
  if (organization === undefined) {
    return { refused: `no org found in channel with MSPID '${mspId}'` };
  }
  const path = `/Channel/Application/${organization.name}/Endorsement`;
  return bundle.policies.policy(path) === null ? membersPolicy([mspId], 1) : policyReference(path);
}

function lifecyclePolicy(bundle: ChannelBundle): Uint8Array {
  if (bundle.policies.policy(LIFECYCLE_POLICY) !== null) {
    return policyReference(LIFECYCLE_POLICY);
  }
  // A channel from before 2.0: a majority of the organisations, by any member.
  const mspIds = (bundle.application?.organizations ?? []).map(({ mspId }) => mspId);
  return membersPolicy(mspIds, Math.floor(mspIds.length / 2) + 1);
}

/** `n` of these organisations, each by any member. */
function membersPolicy(mspIds: readonly string[], n: number): Uint8Array {
  const envelope = new common.SignaturePolicyEnvelope();
  const outOf = new common.SignaturePolicy.NOutOf();
  outOf.setN(n);
  for (const [index, mspId] of mspIds.toSorted().entries()) {
    const role = new msp.MSPRole();
    role.setMspIdentifier(mspId);
    role.setRole(msp.MSPRole.MSPRoleType.MEMBER);
    const principal = new msp.MSPPrincipal();
    principal.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
    principal.setPrincipal(role.serializeBinary());
    envelope.addIdentities(principal);
    const rule = new common.SignaturePolicy();
    rule.setSignedBy(index);
    outOf.addRules(rule);
  }
  const rule = new common.SignaturePolicy();
  rule.setNOutOf(outOf);
  envelope.setRule(rule);
  const policy = new peer.ApplicationPolicy();
  policy.setSignaturePolicy(envelope);
  return policy.serializeBinary();
}
