import { common } from '@hyperledger/fabric-protos';
import type { IdentityDeserializer, MspIdentity } from '#node/msp/mspIdentity.ts';
import { isOwnLimit, ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import type { Policy, PolicyVerdict, SignedData } from './policy.ts';
import { PolicyError } from './policyError.ts';
import { validIdentities } from './validIdentities.ts';

export type ImplicitMetaRule = 'ANY' | 'ALL' | 'MAJORITY';
const RULES: readonly ImplicitMetaRule[] = ['ANY', 'ALL', 'MAJORITY'];

/** A group below, and its policy of the name that is asked for. */
export interface SubPolicy {
  readonly group: string;
  readonly policy: Policy;
}

/** A policy over the policies of the groups below: any, all or most of them must be satisfied, each by the same signatures. */
export class ImplicitMetaPolicy implements Policy {
  readonly expression: string;
  readonly threshold: number;
  readonly subPolicies: readonly SubPolicy[];
  readonly #name: string;
  readonly #msps: IdentityDeserializer;

  /**
   * @param bytes a `common.ImplicitMetaPolicy`
   * @param subPolicies every group below with its policy of a name, one that rejects where it has none
   * @throws PolicyError `malformed`
   */
  constructor(bytes: Uint8Array, subPolicies: (name: string) => readonly SubPolicy[], msps: IdentityDeserializer) {
    const message = read(bytes);
    const rule = RULES[message.getRule()];
    this.#name = message.getSubPolicy();
    this.#msps = msps;
    this.subPolicies = subPolicies(this.#name);
    this.expression = `${rule ?? message.getRule()} ${this.#name}`;
    this.threshold = thresholdOf(rule, this.subPolicies.length);
  }

  async evaluate(signed: readonly SignedData[]): Promise<PolicyVerdict> {
    const { identities, rejected } = await validIdentities(signed, this.#msps);
    return { ...this.evaluateIdentities(identities), rejected };
  }

  evaluateIdentities(identities: readonly MspIdentity[]): PolicyVerdict {
    const verdicts = this.subPolicies.map(({ group, policy }) => ({
      group,
      verdict: policy.evaluateIdentities(identities),
    }));
    const held = verdicts.filter(({ verdict }) => verdict.satisfied);
    const failed = verdicts.filter(({ verdict }) => !verdict.satisfied);
    // With a rule that it does not know, Go asks for none, and takes more than none for a failure.
    const satisfied = this.threshold === 0 ? held.length === 0 : held.length >= this.threshold;
    const count = `${held.length} of ${verdicts.length} '${this.#name}' policies are satisfied, ${this.threshold} must be`;
    return {
      satisfied,
      expression: this.expression,
      satisfiedBy: held.flatMap(({ verdict }) => verdict.satisfiedBy),
      unsatisfied: failed.flatMap(({ verdict }) => verdict.unsatisfied).slice(0, 50),
      rejected: [],
      reason: satisfied
        ? `${this.expression} is satisfied: ${count}`
        : `${this.expression} is not satisfied: ${count}${because(failed)}`,
      refusal: satisfied
        ? null
        : `implicit policy evaluation failed - ${held.length} sub-policies were satisfied, but this policy requires ${this.threshold} of the '${this.#name}' sub-policies to be satisfied`,
    };
  }
}

/** How many groups must agree; of no groups at all, none. */
function thresholdOf(rule: ImplicitMetaRule | undefined, groups: number): number {
  switch (rule) {
    case 'ANY':
      return Math.min(1, groups);
    case 'ALL':
      return groups;
    case 'MAJORITY':
      return groups === 0 ? 0 : Math.floor(groups / 2) + 1;
    default:
      return 0;
  }
}

function because(failed: readonly { readonly group: string; readonly verdict: PolicyVerdict }[]): string {
  const told = failed.slice(0, 10).map(({ group, verdict }) => `${group}: ${verdict.reason}`);
  return told.length === 0 ? '' : ` (${told.join('; ')})`;
}

function read(bytes: Uint8Array): common.ImplicitMetaPolicy {
  try {
    return decodeMessage(common.ImplicitMetaPolicy, bytes, 'common.ImplicitMetaPolicy');
  } catch (cause) {
    if (cause instanceof ProtoError && !isOwnLimit(cause)) {
      throw new PolicyError('malformed', cause.message, { cause });
    }
    throw cause;
  }
}

/**
 * Reads `ANY Readers`, `ALL Writers`, `MAJORITY Admins` as configuration files have them (Fabric, `ImplicitMetaFromString`).
 * @throws PolicyError `syntax`
 */
export function parseImplicitMeta(text: string): common.ImplicitMetaPolicy {
  const parts = text.split(' ');
  const [rule, subPolicy] = parts;
  if (parts.length !== 2 || rule === undefined || subPolicy === undefined) {
    throw new PolicyError('syntax', `expected two space separated tokens, but got ${parts.length}`);
  }
  const number = (RULES as readonly string[]).indexOf(rule);
  if (number < 0) {
    throw new PolicyError('syntax', `unknown rule type '${rule}', expected ALL, ANY, or MAJORITY`);
  }
  const message = new common.ImplicitMetaPolicy();
  message.setRule(number as 0 | 1 | 2);
  message.setSubPolicy(subPolicy);
  return message;
}
