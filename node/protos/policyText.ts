import { common, msp, peer } from '@hyperledger/fabric-protos';
import { ProtoError } from './protoError.ts';
import { IdentityView } from './serializedIdentity.ts';
import { decodeMessage } from './strictReader.ts';

/** A signature policy in neutral form: one principal, or at least `n` of `rules`. */
export type PolicyRule = { readonly principal: string } | { readonly n: number; readonly rules: readonly PolicyRule[] };

export interface PolicyView {
  readonly type: 'signature' | 'implicit' | 'unknown';
  /** As a person writes it: `OR('Org1MSP.peer','Org2MSP.peer')`, `MAJORITY Endorsement`. */
  readonly expression: string;
  /** Of a signature policy. */
  readonly rule: PolicyRule | null;
  /** Of an implicit policy: how many of the sub-groups' policies of the name `subPolicy` must hold. */
  readonly implicit: 'ANY' | 'ALL' | 'MAJORITY' | null;
  readonly subPolicy: string | null;
}

export interface ApplicationPolicyView {
  /** Of a signature policy its rule as text, else the reference. */
  readonly expression: string;
  readonly rule: PolicyRule | null;
  /** Path of a channel policy, e.g. `/Channel/Application/Endorsement`. */
  readonly reference: string | null;
}

/** What a chaincode definition without a policy of its own means. */
export const DEFAULT_ENDORSEMENT_REFERENCE = '/Channel/Application/Endorsement';

const ROLES = ['member', 'admin', 'client', 'peer', 'orderer'];
const PrincipalKind = msp.MSPPrincipal.Classification;

/**
 * A principal as policies name it: `Org1MSP.peer` for a role. What the policy language has no word for gets one that cannot be
 * mistaken for a role: `Org1MSP.ou(sales)`, `Org1MSP.id(common name)`, `anonymous`, `nominal`, `all(…&…)`, `unknown(n)`.
 * @throws ProtoError
 */
export function principalText(principal: msp.MSPPrincipal): string {
  const bytes = principal.getPrincipal_asU8();
  const kind: number = principal.getPrincipalClassification();
  switch (kind) {
    case PrincipalKind.ROLE: {
      const role = decodeMessage(msp.MSPRole, bytes, 'common.MSPRole');
      return `${role.getMspIdentifier()}.${ROLES[role.getRole()] ?? `role(${role.getRole()})`}`;
    }
    case PrincipalKind.ORGANIZATION_UNIT: {
      const unit = decodeMessage(msp.OrganizationUnit, bytes, 'common.OrganizationUnit');
      return `${unit.getMspIdentifier()}.ou(${unit.getOrganizationalUnitIdentifier()})`;
    }
    case PrincipalKind.IDENTITY: {
      const identity = IdentityView.fromBytes(bytes);
      return `${identity.mspId}.id(${identity.commonName ?? identity.pkiId})`;
    }
    case PrincipalKind.ANONYMITY: {
      const anonymity = decodeMessage(msp.MSPIdentityAnonymity, bytes, 'common.MSPIdentityAnonymity');
      return anonymity.getAnonymityType() === msp.MSPIdentityAnonymity.MSPIdentityAnonymityType.ANONYMOUS
        ? 'anonymous'
        : 'nominal';
    }
    case PrincipalKind.COMBINED: {
      const combined = decodeMessage(msp.CombinedPrincipal, bytes, 'common.CombinedPrincipal');
      // One level: combinations of combinations could be nested without end.
      const parts = combined
        .getPrincipalsList()
        .map((part) => (part.getPrincipalClassification() === kind ? 'all(…)' : principalText(part)));
      return `all(${parts.join('&')})`;
    }
    default:
      return `unknown(${kind})`;
  }
}

/**
 * The rule of a signature policy.
 * @throws ProtoError where it names a principal that it does not list, or has no rule.
 */
export function signaturePolicyRule(envelope: common.SignaturePolicyEnvelope): PolicyRule {
  const principals = envelope.getIdentitiesList().map(principalText);
  const convert = (policy: common.SignaturePolicy): PolicyRule => {
    const outOf = policy.getNOutOf();
    if (outOf !== undefined) {
      return { n: outOf.getN(), rules: outOf.getRulesList().map(convert) };
    }
    if (!policy.hasSignedBy()) {
      throw new ProtoError('missing', 'common.SignaturePolicy', 'neither a principal nor a list of rules');
    }
    const principal = principals[policy.getSignedBy()];
    if (principal === undefined) {
      throw new ProtoError('out_of_range', 'common.SignaturePolicy', `no principal ${policy.getSignedBy()}`);
    }
    return { principal };
  };
  const rule = envelope.getRule();
  if (rule === undefined) {
    throw new ProtoError('missing', 'common.SignaturePolicyEnvelope', 'no rule');
  }
  return convert(rule);
}

/** A rule in Fabric's policy language: `OR('A.peer','B.peer')`, `AND(…)`, `OutOf(2,…)`. */
export function printPolicyRule(rule: PolicyRule): string {
  if ('principal' in rule) {
    return `'${rule.principal}'`;
  }
  const rules = rule.rules.map(printPolicyRule).join(',');
  if (rule.n === 1 && rule.rules.length > 0) {
    return `OR(${rules})`;
  }
  if (rule.n === rule.rules.length && rule.n > 0) {
    return `AND(${rules})`;
  }
  return rules === '' ? `OutOf(${rule.n})` : `OutOf(${rule.n},${rules})`;
}

/** @throws ProtoError */
export function signaturePolicyView(envelope: common.SignaturePolicyEnvelope): PolicyView {
  const rule = signaturePolicyRule(envelope);
  return { type: 'signature', expression: printPolicyRule(rule), rule, implicit: null, subPolicy: null };
}

const IMPLICIT = ['ANY', 'ALL', 'MAJORITY'] as const;

/**
 * A policy of the channel configuration.
 * @throws ProtoError
 */
export function policyView(policy: common.Policy): PolicyView {
  const bytes = policy.getValue_asU8();
  if (policy.getType() === common.Policy.PolicyType.SIGNATURE) {
    return signaturePolicyView(decodeMessage(common.SignaturePolicyEnvelope, bytes, 'common.SignaturePolicyEnvelope'));
  }
  if (policy.getType() === common.Policy.PolicyType.IMPLICIT_META) {
    const meta = decodeMessage(common.ImplicitMetaPolicy, bytes, 'common.ImplicitMetaPolicy');
    const implicit = IMPLICIT[meta.getRule()] ?? null;
    const subPolicy = meta.getSubPolicy();
    return {
      type: 'implicit',
      expression: `${implicit ?? meta.getRule()} ${subPolicy}`,
      rule: null,
      implicit,
      subPolicy,
    };
  }
  return {
    type: 'unknown',
    expression: `policy of type ${policy.getType()}`,
    rule: null,
    implicit: null,
    subPolicy: null,
  };
}

/**
 * The validation parameter of a chaincode definition (`protos.ApplicationPolicy`); empty bytes mean the channel's default.
 * @throws ProtoError
 */
export function applicationPolicyView(bytes: Uint8Array): ApplicationPolicyView {
  if (bytes.length === 0) {
    return { expression: DEFAULT_ENDORSEMENT_REFERENCE, rule: null, reference: DEFAULT_ENDORSEMENT_REFERENCE };
  }
  const policy = decodeMessage(peer.ApplicationPolicy, bytes, 'protos.ApplicationPolicy');
  const signature = policy.getSignaturePolicy();
  if (signature !== undefined) {
    const { expression, rule } = signaturePolicyView(signature);
    return { expression, rule, reference: null };
  }
  if (policy.hasChannelConfigPolicyReference()) {
    const reference = policy.getChannelConfigPolicyReference();
    return { expression: reference, rule: null, reference };
  }
  throw new ProtoError('missing', 'protos.ApplicationPolicy', 'neither a signature policy nor a reference');
}
