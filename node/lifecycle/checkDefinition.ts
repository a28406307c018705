import { type common, msp, type peer } from '@hyperledger/fabric-protos';
import { MspError } from '#node/msp/mspError.ts';
import type { MspManager } from '#node/msp/mspManager.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage, type MessageType } from '#node/protos/strictReader.ts';
import { LifecycleError } from './lifecycleError.ts';

const { MSPPrincipal } = msp;

const CHAINCODE_NAME = /^[a-zA-Z0-9]+(?:[-_][a-zA-Z0-9]+)*$/;
const CHAINCODE_VERSION = /^[A-Za-z0-9_.+-]+$/;
/** As Fabric's, without its nested repetition, which takes the same names. */
const COLLECTION_NAME = /^[A-Za-z0-9-][A-Za-z0-9_-]*$/;
const SYSTEM_CHAINCODES = new Set(['cscc', 'escc', 'lscc', 'qscc', 'vscc']);

/** @throws LifecycleError `refused` */
export function checkNameAndVersion(name: string, version: string): void {
  if (!CHAINCODE_NAME.test(name)) {
    refuse(
      `invalid chaincode name '${name}'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics`,
    );
  }
  if (SYSTEM_CHAINCODES.has(name)) {
    refuse(`chaincode name '${name}' is the name of a system chaincode`);
  }
  if (!CHAINCODE_VERSION.test(version)) {
    refuse(
      `invalid chaincode version '${version}'. Versions can only consist of alphanumerics, '_', '-', '+', and '.'`,
    );
  }
}

/** @throws LifecycleError `refused` */
export function staticCollections(
  collections: peer.CollectionConfigPackage | undefined,
): readonly peer.StaticCollectionConfig[] {
  return (collections?.getConfigList() ?? []).map((one) => {
    const config = one.getStaticCollectionConfig();
    return config ?? refuse('collection config contains unexpected payload type: <nil>');
  });
}

/**
 * What makes no sense by itself or in a channel of these organisations. The configuration may change until the definition is
 * committed: this is to catch mistakes, no more.
 * @throws LifecycleError `refused`
 */
export function checkCollections(configs: readonly peer.StaticCollectionConfig[], msps: MspManager): void {
  const names = new Set<string>();
  for (const config of configs) {
    const name = config.getName();
    if (!COLLECTION_NAME.test(name)) {
      refuse(
        `invalid collection name '${name}'. Names can only consist of alphanumerics, '_', and '-' and cannot begin with '_'`,
      );
    }
    if (names.has(name)) {
      refuse(`collection-name: ${name} -- found duplicate in collection configuration`);
    }
    names.add(name);
    const [required, maximum] = [config.getRequiredPeerCount(), config.getMaximumPeerCount()];
    if (maximum < required) {
      refuse(
        `collection-name: ${name} -- maximum peer count (${maximum}) cannot be less than the required peer count (${required})`,
      );
    }
    if (required < 0) {
      refuse(`collection-name: ${name} -- requiredPeerCount (${required}) cannot be less than zero`);
    }
    checkMembers(config, msps);
  }
}

/** A definition keeps the collections of the one before, and how long their data live. @throws LifecycleError `refused` */
export function checkCollectionsKept(
  proposed: readonly peer.StaticCollectionConfig[],
  committed: peer.CollectionConfigPackage,
): void {
  const before = committed.getConfigList();
  if (before.length === 0) {
    return;
  }
  if (proposed.length === 0) {
    refuse('the proposed collection config does not contain previously defined collections');
  }
  const byName = new Map(proposed.map((config) => [config.getName(), config]));
  for (const one of before) {
    const old = one.getStaticCollectionConfig() ?? refuse('unknown collection configuration type');
    const config =
      byName.get(old.getName()) ??
      refuse(`existing collection [${old.getName()}] missing in the proposed collection configuration`);
    if (config.getBlockToLive() !== old.getBlockToLive()) {
      refuse(
        `the BlockToLive in an existing collection [${old.getName()}] modified. Existing value [${old.getBlockToLive()}]`,
      );
    }
  }
}

function checkMembers(config: peer.StaticCollectionConfig, msps: MspManager): void {
  const name = config.getName();
  const members =
    config.getMemberOrgsPolicy() ?? refuse(`collection member policy is not set for collection '${name}'`);
  const policy =
    members.getSignaturePolicy() ?? refuse(`collection member org policy is empty for collection '${name}'`);
  const problem = ruleProblem(policy.getRule(), policy.getIdentitiesList().length);
  if (problem !== null) {
    refuse(`invalid member org policy for collection '${name}': ${problem}`);
  }
  const n = firstOtherThanOr(policy.getRule());
  if (n !== null) {
    refuse(
      `collection-name: ${name} -- error in member org policy: signature policy is not an OR concatenation, NOutOf ${n}`,
    );
  }
  for (const principal of policy.getIdentitiesList()) {
    checkMember(name, principal, msps);
  }
}

function checkMember(collection: string, principal: msp.MSPPrincipal, msps: MspManager): void {
  const { Classification } = MSPPrincipal;
  const classification = principal.getPrincipalClassification();
  const bytes = principal.getPrincipal_asU8();
  switch (classification) {
    case Classification.ROLE:
      checkOrganization(collection, readPrincipal(collection, msp.MSPRole, bytes, 'MSPRole').getMspIdentifier(), msps);
      return;
    case Classification.ORGANIZATION_UNIT: {
      const unit = readPrincipal(collection, msp.OrganizationUnit, bytes, 'OrganizationUnit');
      checkOrganization(collection, unit.getMspIdentifier(), msps);
      return;
    }
    case Classification.IDENTITY:
      try {
        msps.deserializeIdentity(bytes);
      } catch (cause) {
        if (cause instanceof MspError || cause instanceof ProtoError) {
          refuse(`collection-name: ${collection} -- contains an identity that is not part of the channel`, cause);
        }
        throw cause;
      }
      return;
    default: {
      const named = Object.entries(Classification).find(([, value]) => value === classification)?.[0];
      refuse(`collection-name: ${collection} -- principal type ${named ?? classification} is not supported`);
    }
  }
}

function checkOrganization(collection: string, mspId: string, msps: MspManager): void {
  if (msps.msp(mspId) === null) {
    refuse(`collection-name: ${collection} -- collection member '${mspId}' is not part of the channel`);
  }
}

function readPrincipal<T extends object>(collection: string, type: MessageType<T>, bytes: Uint8Array, what: string): T {
  try {
    return decodeMessage(type, bytes, `common.${what}`);
  } catch (cause) {
    return refuse(
      `collection-name: ${collection} -- cannot unmarshal identity bytes into ${what}: ${(cause as Error).message}`,
      cause,
    );
  }
}

/** Why a rule cannot be a policy's; null for one that can. */
function ruleProblem(rule: common.SignaturePolicy | undefined, principals: number): string | null {
  if (rule === undefined) {
    return 'Empty policy element';
  }
  const outOf = rule.getNOutOf();
  if (outOf !== undefined) {
    for (const one of outOf.getRulesList()) {
      const problem = ruleProblem(one, principals);
      if (problem !== null) {
        return problem;
      }
    }
    return null;
  }
  if (!rule.hasSignedBy()) {
    return 'Unknown type: <nil>:<nil>';
  }
  const index = rule.getSignedBy();
  return index >= 0 && index < principals
    ? null
    : `identity index out of range, requested ${index}, but identities length is ${principals}`;
}

/** How many a rule asks for where that is not one; null where it is one all the way down. */
function firstOtherThanOr(rule: common.SignaturePolicy | undefined): number | null {
  const outOf = rule?.getNOutOf();
  if (outOf === undefined) {
    return null;
  }
  if (outOf.getN() !== 1) {
    return outOf.getN();
  }
  for (const one of outOf.getRulesList()) {
    const n = firstOtherThanOr(one);
    if (n !== null) {
      return n;
    }
  }
  return null;
}

function refuse(message: string, cause?: unknown): never {
  throw new LifecycleError('refused', message, { cause });
}
