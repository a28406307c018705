import { common, type msp } from '@hyperledger/fabric-protos';
import type { IdentityDeserializer, MspIdentity } from '#node/msp/mspIdentity.ts';
import { type PolicyRule, principalText, printPolicyRule } from '#node/protos/policyText.ts';
import { isOwnLimit, ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import type { Policy, PolicyVerdict, SatisfiedPrincipal, SignedData, UnsatisfiedPrincipal } from './policy.ts';
import { PolicyError } from './policyError.ts';
import { validIdentities } from './validIdentities.ts';

/** Unmet principals told of in a verdict, and identities told of for each. */
const MAX_TOLD = 50;

/** A rule ready to be asked. */
type Rule = { readonly principal: NamedPrincipal } | { readonly n: number; readonly rules: readonly Rule[] };

interface NamedPrincipal {
  readonly message: msp.MSPPrincipal;
  readonly text: string;
}

/** What became of a rule: principals met, none if the rule was not; and those not met. */
interface Outcome {
  readonly satisfied: boolean;
  readonly met: readonly SatisfiedPrincipal[];
}

/** A policy over who signed: n out of several principals or policies. */
export class SignaturePolicy implements Policy {
  readonly expression: string;
  readonly envelope: common.SignaturePolicyEnvelope;
  readonly #rule: Rule;
  readonly #msps: IdentityDeserializer;

  private constructor(envelope: common.SignaturePolicyEnvelope, msps: IdentityDeserializer) {
    this.envelope = envelope;
    this.#msps = msps;
    const principals = envelope.getIdentitiesList().map((message) => ({ message, text: nameOf(message) }));
    this.#rule = compile(envelope.getRule(), principals);
    this.expression = printPolicyRule(textRule(this.#rule));
  }

  /**
   * A policy as chaincode definitions and keys carry it.
   * @throws PolicyError `malformed`, `out_of_range`
   */
  static fromEnvelope(envelope: common.SignaturePolicyEnvelope, msps: IdentityDeserializer): SignaturePolicy {
    return new SignaturePolicy(envelope, msps);
  }

  /**
   * A policy as the channel's configuration carries it: its version must be known.
   * @throws PolicyError
   */
  static fromBytes(bytes: Uint8Array, msps: IdentityDeserializer): SignaturePolicy {
    const envelope = readSignaturePolicyEnvelope(bytes);
    if (envelope.getVersion() !== 0) {
      throw new PolicyError('unsupported', `signature policies of version ${envelope.getVersion()} are not known`);
    }
    return new SignaturePolicy(envelope, msps);
  }

  async evaluate(signed: readonly SignedData[]): Promise<PolicyVerdict> {
    const { identities, rejected } = await validIdentities(signed, this.#msps);
    return { ...this.evaluateIdentities(identities), rejected };
  }

  /**
   * Goes through the rules in order; each principal takes the first identity that satisfies it and that no principal before took. A
   * list of rules gives back what it took if it fails; one that holds keeps all that it took, needed or not. Nothing is tried a
   * second time: there are sets of identities that could be dealt out to satisfy a policy and do not (Fabric, cauthdsl).
   */
  evaluateIdentities(identities: readonly MspIdentity[]): PolicyVerdict {
    const unmet: UnsatisfiedPrincipal[] = [];
    const used = identities.map(() => false);
    const { satisfied, met } = ask(this.#rule, identities, used, unmet);
    return {
      satisfied,
      expression: this.expression,
      satisfiedBy: met,
      unsatisfied: unmet,
      rejected: [],
      reason: satisfied ? reasonMet(this.expression, met) : reasonUnmet(this.expression, met, unmet),
      refusal: satisfied ? null : 'signature set did not satisfy policy',
    };
  }
}

/** @throws PolicyError `malformed`; ProtoError beyond this node's own limits */
export function readSignaturePolicyEnvelope(bytes: Uint8Array): common.SignaturePolicyEnvelope {
  try {
    return decodeMessage(common.SignaturePolicyEnvelope, bytes, 'common.SignaturePolicyEnvelope');
  } catch (cause) {
    if (cause instanceof ProtoError && !isOwnLimit(cause)) {
      throw new PolicyError('malformed', cause.message, { cause });
    }
    throw cause;
  }
}

function compile(policy: common.SignaturePolicy | undefined, principals: readonly NamedPrincipal[]): Rule {
  if (policy === undefined) {
    throw new PolicyError('malformed', 'a signature policy without a rule');
  }
  const outOf = policy.getNOutOf();
  if (outOf !== undefined) {
    return { n: outOf.getN(), rules: outOf.getRulesList().map((rule) => compile(rule, principals)) };
  }
  if (!policy.hasSignedBy()) {
    throw new PolicyError('malformed', 'a rule that is neither a principal nor a list of rules');
  }
  const principal = principals[policy.getSignedBy()];
  if (principal === undefined) {
    throw new PolicyError(
      'out_of_range',
      `identity index out of range, requested ${policy.getSignedBy()}, but identities length is ${principals.length}`,
    );
  }
  return { principal };
}

function ask(rule: Rule, identities: readonly MspIdentity[], used: boolean[], unmet: UnsatisfiedPrincipal[]): Outcome {
  if ('principal' in rule) {
    return askPrincipal(rule.principal, identities, used, unmet);
  }
  let verified = 0;
  const met: SatisfiedPrincipal[] = [];
  for (const one of rule.rules) {
    const trial = [...used];
    const outcome = ask(one, identities, trial, unmet);
    if (outcome.satisfied) {
      verified++;
      met.push(...outcome.met);
      trial.forEach((taken, index) => {
        used[index] = taken;
      });
    }
  }
  return { satisfied: verified >= rule.n, met };
}

function askPrincipal(
  principal: NamedPrincipal,
  identities: readonly MspIdentity[],
  used: boolean[],
  unmet: UnsatisfiedPrincipal[],
): Outcome {
  const reasons: string[] = [];
  for (const [index, identity] of identities.entries()) {
    const reason =
      used[index] === true ? 'stands for another principal already' : identity.satisfies(principal.message);
    if (reason === null) {
      used[index] = true;
      return { satisfied: true, met: [{ principal: principal.text, identity }] };
    }
    if (reasons.length < MAX_TOLD && unmet.length < MAX_TOLD) {
      reasons.push(`${identity.label}: ${reason}`);
    }
  }
  if (unmet.length < MAX_TOLD) {
    unmet.push({ principal: principal.text, reasons });
  }
  return { satisfied: false, met: [] };
}

/** As people write it; what cannot be read gets a name that is no principal's. */
function nameOf(principal: msp.MSPPrincipal): string {
  try {
    return principalText(principal);
  } catch (error) {
    if (error instanceof ProtoError) {
      return `unreadable(${principal.getPrincipalClassification()})`;
    }
    throw error;
  }
}

function textRule(rule: Rule): PolicyRule {
  return 'principal' in rule ? { principal: rule.principal.text } : { n: rule.n, rules: rule.rules.map(textRule) };
}

function reasonMet(expression: string, met: readonly SatisfiedPrincipal[]): string {
  const who = met.map(({ principal, identity }) => `${principal} by ${identity.label}`).join(', ');
  return who === '' ? `${expression} asks for nobody` : `${expression} is satisfied: ${who}`;
}

function names(list: readonly { readonly principal: string }[]): string {
  return [...new Set(list.map(({ principal }) => principal))].join(', ');
}

function reasonUnmet(
  expression: string,
  met: readonly SatisfiedPrincipal[],
  unmet: readonly UnsatisfiedPrincipal[],
): string {
  const missing = unmet.length === 0 ? '' : `: nobody stands for ${names(unmet)}`;
  const there = met.length === 0 ? '' : ` (there are ${names(met)})`;
  return `${expression} is not satisfied${missing}${there}`;
}
