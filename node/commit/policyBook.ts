import { common, peer } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { applicationPolicy } from '#node/policy/applicationPolicy.ts';
import type { Policy } from '#node/policy/policy.ts';
import { PolicyError } from '#node/policy/policyError.ts';
import { bytesSize, writeBytes } from '#node/protos/blockEncoder.ts';
import { isOwnLimit, ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import type { CheckedEndorsers } from './checkEndorsers.ts';
import { CommitError } from './commitError.ts';
import { reasonOf } from './verdict.ts';

/** Distinct policies kept compiled; beyond them all are forgotten. */
const MAX_POLICIES = 4_096;
/** Verdicts kept: policies times sets of endorsers. */
const MAX_VERDICTS = 16_384;

/** Null where the policy is met, else why not. */
export type PolicyAnswer = string | null;

/**
 * Endorsement policies as bytes name them, compiled once for a configuration, and what they said of a set of endorsers. A busy
 * channel has a handful of each.
 */
export class PolicyBook {
  readonly #bundle: ChannelBundle;
  readonly #policies = new Map<string, Policy | PolicyError>();
  readonly #verdicts = new Map<string, PolicyAnswer>();

  constructor(bundle: ChannelBundle) {
    this.#bundle = bundle;
  }

  /**
   * Asks a serialised `protos.ApplicationPolicy` about endorsers whose signatures hold. A policy that cannot be used is one that
   * nobody meets (Fabric, `ApplicationPolicyEvaluator`).
   * @throws CommitError `beyond_limits`
   */
  evaluate(policyBytes: Uint8Array, endorsers: CheckedEndorsers): PolicyAnswer {
    const name = Buffer.from(policyBytes.buffer, policyBytes.byteOffset, policyBytes.byteLength).toString('latin1');
    const question = `${name}\u0000${endorsers.key}`;
    let answer = this.#verdicts.get(question);
    if (answer === undefined) {
      answer = this.#ask(name, policyBytes, endorsers);
      if (this.#verdicts.size >= MAX_VERDICTS) {
        this.#verdicts.clear();
      }
      this.#verdicts.set(question, answer);
    }
    return answer;
  }

  #ask(name: string, policyBytes: Uint8Array, endorsers: CheckedEndorsers): PolicyAnswer {
    try {
      const policy = this.#policy(name, policyBytes);
      if (policy instanceof PolicyError) {
        return policy.message;
      }
      const verdict = policy.evaluateIdentities(endorsers.identities);
      return verdict.satisfied ? null : verdict.reason;
    } catch (cause) {
      if (isOwnLimit(cause)) {
        throw new CommitError('beyond_limits', null, `an endorsement policy: ${reasonOf(cause)}`, { cause });
      }
      throw cause;
    }
  }

  #policy(name: string, bytes: Uint8Array): Policy | PolicyError {
    let policy = this.#policies.get(name);
    if (policy === undefined) {
      policy = compile(bytes, this.#bundle);
      if (this.#policies.size >= MAX_POLICIES) {
        this.#policies.clear();
      }
      this.#policies.set(name, policy);
    }
    return policy;
  }
}

function compile(bytes: Uint8Array, bundle: ChannelBundle): Policy | PolicyError {
  try {
    return applicationPolicy(bytes, { policies: bundle.policies, msps: bundle.mspManager });
  } catch (error) {
    if (error instanceof PolicyError) {
      return error;
    }
    if (error instanceof ProtoError && !isOwnLimit(error)) {
      return new PolicyError('malformed', error.message, { cause: error });
    }
    throw error;
  }
}

/**
 * A `common.SignaturePolicyEnvelope`, as key-level policies and legacy definitions have it, in the form that the book reads.
 * @throws ProtoError for bytes that are none
 */
export function signaturePolicyAsApplicationPolicy(bytes: Uint8Array): Uint8Array {
  decodeMessage(common.SignaturePolicyEnvelope, bytes, 'common.SignaturePolicyEnvelope');
  const wrapped = new Uint8Array(1 + bytesSize(bytes));
  wrapped[0] = 0x0a;
  writeBytes(wrapped, 1, bytes);
  return wrapped;
}

/** A reference to a policy of the channel's configuration. */
export function policyReference(path: string): Uint8Array {
  const policy = new peer.ApplicationPolicy();
  policy.setChannelConfigPolicyReference(path);
  return policy.serializeBinary();
}
