import { msp } from '@hyperledger/fabric-protos';
import { isOwnLimit, ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { MspError } from './mspError.ts';
import { isAtLeast } from './mspVersion.ts';
import type { NodeKind } from './organizationalUnits.ts';
import type { X509Identity } from './x509Identity.ts';

const Kind = msp.MSPPrincipal.Classification;
const Role = msp.MSPRole.MSPRoleType;
const Anonymity = msp.MSPIdentityAnonymity.MSPIdentityAnonymityType;

/** Principals in one combined principal, and how deep they may be nested. Go sets no limits. */
const MAX_COMBINED = 10_000;
const MAX_DEPTH = 256;

/** What two equal principals have in common. */
export function principalKey(principal: msp.MSPPrincipal): string {
  const bytes = principal.getPrincipal_asU8();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return `${principal.getPrincipalClassification()}:${text}`;
}

/**
 * Why an identity does not satisfy a principal, by the rules of its MSP's version; null if it does.
 * @throws ProtoError beyond this node's own limits
 */
export function whyNotSatisfied(identity: X509Identity, principal: msp.MSPPrincipal): string | null {
  try {
    for (const part of flatten(identity, principal)) {
      const reason = whyNotOne(identity, part);
      if (reason !== null) {
        return reason;
      }
    }
    return null;
  } catch (error) {
    if (error instanceof MspError || (error instanceof ProtoError && !isOwnLimit(error))) {
      return error.message;
    }
    throw error;
  }
}

/** A combined principal's parts, first to last; any other principal itself. */
function flatten(identity: X509Identity, principal: msp.MSPPrincipal): readonly msp.MSPPrincipal[] {
  const parts: msp.MSPPrincipal[] = [];
  const collect = (one: msp.MSPPrincipal, depth: number): void => {
    if (one.getPrincipalClassification() !== Kind.COMBINED) {
      parts.push(one);
      return;
    }
    if (!isAtLeast(identity.msp.version, '1.3')) {
      throw new MspError('malformed', identity.mspId, 'combined principals come with channel capability V1_3');
    }
    const list = decodeMessage(
      msp.CombinedPrincipal,
      one.getPrincipal_asU8(),
      'common.CombinedPrincipal',
    ).getPrincipalsList();
    if (list.length === 0) {
      throw new MspError('malformed', identity.mspId, 'a combined principal without parts');
    }
    if (depth >= MAX_DEPTH || parts.length + list.length > MAX_COMBINED) {
      throw new ProtoError(
        'too_large',
        'common.CombinedPrincipal',
        `more than ${MAX_COMBINED} parts, or ${MAX_DEPTH} in each other`,
      );
    }
    for (const part of list) {
      collect(part, depth + 1);
    }
  };
  collect(principal, 0);
  return parts;
}

function whyNotOne(identity: X509Identity, principal: msp.MSPPrincipal): string | null {
  const bytes = principal.getPrincipal_asU8();
  const kind: number = principal.getPrincipalClassification();
  switch (kind) {
    case Kind.ROLE:
      return whyNotRole(identity, decodeMessage(msp.MSPRole, bytes, 'common.MSPRole'));
    case Kind.ORGANIZATION_UNIT:
      return whyNotUnit(identity, decodeMessage(msp.OrganizationUnit, bytes, 'common.OrganizationUnit'));
    case Kind.IDENTITY:
      return whyNotIdentity(identity, bytes);
    case Kind.ANONYMITY:
      return whyNotAnonymity(identity, bytes);
    default:
      return `principals of type ${kind} are not known`;
  }
}

function whyNotRole(identity: X509Identity, principal: msp.MSPRole): string | null {
  const owner = identity.msp;
  if (principal.getMspIdentifier() !== owner.mspId) {
    return otherMsp(identity, principal.getMspIdentifier());
  }
  const role: number = principal.getRole();
  // From 1.4.3 on units tell administrators and orderers, where they are enforced.
  const byUnit = isAtLeast(owner.version, '1.4.3') && owner.units.enforced;
  switch (role) {
    case Role.MEMBER:
      identity.validate();
      return null;
    case Role.ADMIN:
      if (owner.isConfiguredAdmin(identity)) {
        return null;
      }
      return byUnit ? whyNotNode(identity, 'admin') : 'This identity is not an admin';
    case Role.CLIENT:
      return whyNotNode(identity, 'client');
    case Role.PEER:
      return whyNotNode(identity, 'peer');
    case Role.ORDERER:
      return byUnit ? whyNotNode(identity, 'orderer') : 'the role of an orderer needs node units and capability V1_4_3';
    default:
      return `role ${role} is not known`;
  }
}

function whyNotNode(identity: X509Identity, kind: NodeKind): string | null {
  identity.validate();
  const reason = identity.msp.units.lacks(kind, identity.units);
  const what = kind === 'admin' ? 'an admin' : `a [${kind.toUpperCase()}]`;
  return reason === null ? null : `The identity is not ${what} under this MSP [${identity.mspId}]: ${reason}`;
}

function whyNotUnit(identity: X509Identity, principal: msp.OrganizationUnit): string | null {
  if (principal.getMspIdentifier() !== identity.mspId) {
    return otherMsp(identity, principal.getMspIdentifier());
  }
  identity.validate();
  const wanted = principal.getOrganizationalUnitIdentifier();
  const chain = Buffer.from(principal.getCertifiersIdentifier_asU8()).toString('hex');
  return identity.units.some((unit) => unit.name === wanted && unit.chain === chain)
    ? null
    : `the certificate is without the organisational unit "${wanted}", or another authority vouches for it`;
}

function whyNotIdentity(identity: X509Identity, bytes: Uint8Array): string | null {
  const wanted = identity.msp.deserializeIdentity(bytes);
  if (!wanted.certificate.equals(identity.certificate)) {
    return 'another identity';
  }
  wanted.validate();
  return null;
}

function whyNotAnonymity(identity: X509Identity, bytes: Uint8Array): string | null {
  if (!isAtLeast(identity.msp.version, '1.3')) {
    return 'principals of anonymity come with channel capability V1_3';
  }
  const type: number = decodeMessage(msp.MSPIdentityAnonymity, bytes, 'common.MSPIdentityAnonymity').getAnonymityType();
  if (type === Anonymity.NOMINAL) {
    return null;
  }
  return type === Anonymity.ANONYMOUS
    ? 'the principal asks for an anonymous identity, and an X.509 certificate names its holder'
    : `anonymity of type ${type} is not known`;
}

function otherMsp(identity: X509Identity, wanted: string): string {
  return `a member of MSP ${identity.mspId}, not of ${wanted}`;
}
