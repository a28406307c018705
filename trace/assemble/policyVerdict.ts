import type { z } from 'zod';
import type { Identity } from '../identity.ts';
import type { Network } from '../network/network.ts';
import type { ChannelConfig, PolicyRule } from '../record.ts';
import type { PolicyVerdict } from '../trace.ts';

export type Verdict = z.infer<typeof PolicyVerdict>;

/** Codes that a peer gives only after the endorsement policy held: validation checks it before reads and writes. */
const AFTER_POLICY = new Set(['VALID', 'MVCC_READ_CONFLICT', 'PHANTOM_READ_CONFLICT']);

export interface PolicyQuestion {
  readonly network: Network;
  readonly channel: string;
  readonly chaincode: string | null;
  readonly type: string | null;
  /** Block number; null while not in a block. */
  readonly block: number | null;
  readonly code: string | null;
  readonly endorsers: readonly Identity[];
}

/** Whether the endorsement policy in force was met: what the peers decided, else what the rule says of the endorsers. */
export function judgePolicy(question: PolicyQuestion): Verdict {
  const { network, channel, chaincode, type, code, endorsers } = question;
  if (type !== null && type !== 'ENDORSER_TRANSACTION') {
    return { expression: null, satisfied: null, satisfiedBy: [], reason: 'Only chaincode transactions are endorsed.' };
  }
  const block = question.block ?? Number.MAX_SAFE_INTEGER;
  const definition = chaincode === null ? null : network.definition(channel, chaincode, block);
  const decided = code === 'ENDORSEMENT_POLICY_FAILURE' ? false : code !== null && AFTER_POLICY.has(code) ? true : null;
  if (!definition) {
    const reason =
      decided === null
        ? null
        : `${decided ? 'The peers found the policy met' : 'The peers found the policy not met'}; the policy itself is not among the evidence.`;
    return { expression: null, satisfied: decided, satisfiedBy: [], reason };
  }
  const config = network.config(channel, block);
  const outcome = definition.rule
    ? evaluateRule(definition.rule, endorsers)
    : evaluateReference(config, definition.reference, endorsers);
  const refersTo = definition.rule ? undefined : definition.reference;
  // The channel's own words say more than the path under which they stand.
  const expression =
    refersTo === APPLICATION_ENDORSEMENT && config?.endorsement ? config.endorsement.expression : definition.expression;
  const satisfied = decided ?? outcome?.satisfied ?? null;
  const satisfiedBy = [...(outcome?.by ?? [])].toSorted();
  return {
    expression,
    satisfied,
    satisfiedBy,
    reason: reasonFor(expression, satisfied, outcome, endorsers),
  };
}

interface Outcome {
  readonly satisfied: boolean;
  /** Endorsers that count. */
  readonly by: ReadonlySet<string>;
  /** Of an implicit rule over organisations: how many are needed, and of how many. */
  readonly needed?: { readonly count: number; readonly of: number };
}

/**
 * A signature rule over the endorsers. As in Fabric each endorsement counts once, and rules are tried in their order.
 */
export function evaluateRule(rule: PolicyRule, endorsers: readonly Identity[]): Outcome {
  const used = new Set<string>();
  if (satisfies(rule, endorsers, used)) return { satisfied: true, by: used };
  return { satisfied: false, by: new Set(endorsers.filter((one) => counts(rule, one)).map(({ id }) => id)) };
}

/** Adds to `used` whom it took, if it is satisfied. */
function satisfies(rule: PolicyRule, endorsers: readonly Identity[], used: Set<string>): boolean {
  if ('principal' in rule) {
    const endorser = endorsers.find((one) => !used.has(one.id) && matches(rule.principal, one));
    if (endorser) used.add(endorser.id);
    return endorser !== undefined;
  }
  let met = 0;
  const trial = new Set(used);
  for (const part of rule.rules) {
    const attempt = new Set(trial);
    if (met < rule.n && satisfies(part, endorsers, attempt)) {
      met++;
      for (const id of attempt) trial.add(id);
    }
  }
  if (met < rule.n) return false;
  for (const id of trial) used.add(id);
  return true;
}

const counts = (rule: PolicyRule, endorser: Identity): boolean =>
  'principal' in rule ? matches(rule.principal, endorser) : rule.rules.some((part) => counts(part, endorser));

/** Endorsements come from peers: a `client` or `admin` principal is not taken for met. */
function matches(principal: string, endorser: Identity): boolean {
  const dot = principal.lastIndexOf('.');
  const role = principal.slice(dot + 1);
  return endorser.msp === principal.slice(0, dot) && (role === 'peer' || role === 'member');
}

const APPLICATION_ENDORSEMENT = '/Channel/Application/Endorsement';

function evaluateReference(
  config: ChannelConfig | null,
  reference: string | undefined,
  endorsers: readonly Identity[],
): Outcome | null {
  const policy = config?.endorsement;
  if (!config || !policy || (reference !== undefined && reference !== APPLICATION_ENDORSEMENT)) return null;
  if (policy.rule) return evaluateRule(policy.rule, endorsers);
  if (policy.implicit === undefined) return null;
  const organisations = config.organizations.filter(({ role }) => role === 'application');
  const by = new Set<string>();
  let met = 0;
  for (const { msp, endorsement } of organisations) {
    const outcome = evaluateRule(endorsement ?? { principal: `${msp}.peer` }, endorsers);
    if (!outcome.satisfied) continue;
    met++;
    for (const id of outcome.by) by.add(id);
  }
  const of = organisations.length;
  const count = policy.implicit === 'ANY' ? Math.min(1, of) : policy.implicit === 'ALL' ? of : Math.floor(of / 2) + 1;
  return { satisfied: met >= count, by, needed: { count, of } };
}

/** `Org1MSP`, `Org1MSP and Org2MSP`, `Org1MSP, Org2MSP and Org3MSP`. */
function organisationsOf(endorsers: readonly Identity[]): string {
  const names: string[] = [];
  for (const { msp, id } of endorsers) if (!names.includes(msp ?? id)) names.push(msp ?? id);
  if (names.length === 0) return 'Nobody';
  if (names.length === 1) return names[0]!;
  names.sort();
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function reasonFor(
  expression: string,
  satisfied: boolean | null,
  outcome: Outcome | null,
  endorsers: readonly Identity[],
): string | null {
  if (satisfied === null) return null;
  const who = organisationsOf(endorsers);
  const asks = outcome?.needed
    ? `${expression} asks for ${outcome.needed.count} of ${outcome.needed.of} organisations`
    : `the policy is ${expression}`;
  const contradiction =
    outcome && outcome.satisfied !== satisfied
      ? satisfied
        ? '; the peers accepted it, so a policy of a key or collection must have applied'
        : '; the peers refused it, so a policy of a key or collection was not met or the endorsers signed different results'
      : '';
  return `${who} endorsed; ${asks}${contradiction}.`;
}
