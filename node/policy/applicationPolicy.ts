import { peer } from '@hyperledger/fabric-protos';
import type { IdentityDeserializer } from '#node/msp/mspIdentity.ts';
import { isOwnLimit, ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import type { Policy } from './policy.ts';
import { PolicyError } from './policyError.ts';
import type { PolicyManager } from './policyManager.ts';
import { readSignaturePolicyEnvelope, SignaturePolicy } from './signaturePolicy.ts';

/** Where references lead, and who knows identities. */
export interface PolicyContext {
  readonly policies: PolicyManager;
  readonly msps: IdentityDeserializer;
}

/**
 * The endorsement policy of a chaincode or collection: a `protos.ApplicationPolicy`, which holds a signature policy or refers to one
 * of the channel's (Fabric, `ApplicationPolicyEvaluator`).
 * @throws PolicyError
 */
export function applicationPolicy(bytes: Uint8Array, { policies, msps }: PolicyContext): Policy {
  const message = readApplicationPolicy(bytes);
  const signaturePolicy = message.getSignaturePolicy();
  if (signaturePolicy !== undefined) {
    return SignaturePolicy.fromEnvelope(signaturePolicy, msps);
  }
  if (message.hasChannelConfigPolicyReference()) {
    const reference = message.getChannelConfigPolicyReference();
    const policy = policies.policy(reference);
    if (policy === null) {
      throw new PolicyError('unknown_policy', `failed to retrieve policy for reference ${reference}`);
    }
    return policy;
  }
  throw new PolicyError('unsupported', 'an application policy that is neither a signature policy nor a reference');
}

/**
 * The endorsement policy of a key: a `common.SignaturePolicyEnvelope`, kept in the key's metadata under this name.
 * @throws PolicyError
 */
export function keyLevelPolicy(bytes: Uint8Array, msps: IdentityDeserializer): Policy {
  return SignaturePolicy.fromEnvelope(readSignaturePolicyEnvelope(bytes), msps);
}

/** Name of the metadata entry that holds a key's endorsement policy (`peer.MetaDataKeys`). */
export const VALIDATION_PARAMETER = 'VALIDATION_PARAMETER';

function readApplicationPolicy(bytes: Uint8Array): peer.ApplicationPolicy {
  try {
    return decodeMessage(peer.ApplicationPolicy, bytes, 'protos.ApplicationPolicy');
  } catch (cause) {
    if (cause instanceof ProtoError && !isOwnLimit(cause)) {
      throw new PolicyError('malformed', cause.message, { cause });
    }
    throw cause;
  }
}
