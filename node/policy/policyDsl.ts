import { common, msp } from '@hyperledger/fabric-protos';
import { printPolicyRule, signaturePolicyRule } from '#node/protos/policyText.ts';
import { evaluateExpression, type PolicyFunction, type Value } from './policyExpression.ts';
import { PolicyError } from './policyError.ts';

/** Longer texts are refused. */
export const MAX_POLICY_TEXT = 64 * 1024;

export type PolicyRole = 'member' | 'admin' | 'client' | 'peer' | 'orderer';
const ROLES: readonly PolicyRole[] = ['member', 'admin', 'client', 'peer', 'orderer'];
const PRINCIPAL = /^([A-Za-z0-9.-]+)[.](admin|member|client|peer|orderer)$/;

/**
 * Reads a policy as `peer … --signature-policy` takes it: `AND('Org1.member', OR('Org2.peer', 'Org3.peer'))`,
 * `OutOf(2, 'A.admin', 'B.admin', 'C.admin')`. The message is, to the byte, the one that Fabric makes: principals in the order in
 * which calls end, each mention one of its own.
 *
 * Fabric evaluates the text three times, each time the text that the time before gave, and so does this: quotes within quotes
 * mean the same.
 * @throws PolicyError `syntax`, `too_complex`
 */
export function parsePolicy(text: string): common.SignaturePolicyEnvelope {
  if (text.length > MAX_POLICY_TEXT) {
    throw new PolicyError('too_complex', `a policy of ${text.length} characters`);
  }
  const first = asText(evaluateExpression(text, GATES), text);
  const second = asText(evaluateExpression(first, { outof: withContext }), text);
  const principals: msp.MSPPrincipal[] = [];
  const context = {};
  const rule = evaluateExpression(second, { outof: (args) => build(args, context, principals) }, { ID: context });
  if (!(rule instanceof common.SignaturePolicy)) {
    throw new PolicyError('syntax', `invalid policy string '${text}'`);
  }
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setVersion(0);
  envelope.setRule(rule);
  envelope.setIdentitiesList(principals);
  return envelope;
}

/**
 * The text that `parsePolicy` reads as the same policy, as long as its principals are roles and its rules lists; others have a text
 * for people only.
 * @throws ProtoError
 */
export function printPolicy(envelope: common.SignaturePolicyEnvelope): string {
  return printPolicyRule(signaturePolicyRule(envelope));
}

/** First time: gates become `outof`. */
const outOf: PolicyFunction = (args) => {
  if (args.length < 2) {
    throw new PolicyError('syntax', `expected at least two arguments to NOutOf. Given ${args.length}`);
  }
  const [count, ...rest] = args;
  if (typeof count !== 'number' && typeof count !== 'string') {
    throw unexpectedType(count as Value);
  }
  const listed = rest.map((arg) => {
    if (typeof arg !== 'string') {
      throw unexpectedType(arg);
    }
    return quoted(arg);
  });
  return `outof(${[wholeNumber(count), ...listed].join(', ')})`;
};

const and: PolicyFunction = (args) => outOf([args.length, ...args]);
const or: PolicyFunction = (args) => outOf([1, ...args]);

const GATES: Readonly<Record<string, PolicyFunction>> = Object.fromEntries(
  [
    ['And', and],
    ['Or', or],
    ['OutOf', outOf],
  ].flatMap(([name, gate]) =>
    [name as string, (name as string).toLowerCase(), (name as string).toUpperCase()].map((form) => [form, gate]),
  ),
) as Readonly<Record<string, PolicyFunction>>;

/** Second time: each `outof` gets the context as its first argument. */
const withContext: PolicyFunction = (args) => {
  const listed = args.map((arg) => {
    if (typeof arg === 'string') {
      return quoted(arg);
    }
    if (typeof arg === 'number') {
      return wholeNumber(arg);
    }
    throw unexpectedType(arg);
  });
  return `outof(${['ID', ...listed].join(', ')})`;
};

/** Third time: rules and principals are made. */
function build(args: readonly Value[], context: object, principals: msp.MSPPrincipal[]): Value {
  if (args.length < 3) {
    throw new PolicyError('syntax', `at least 3 arguments expected, got ${args.length}`);
  }
  const [given, count, ...rest] = args;
  if (given !== context) {
    throw new PolicyError('syntax', `unrecognized type, expected the context, got ${typeName(given as Value)}`);
  }
  if (typeof count !== 'number') {
    throw new PolicyError('syntax', `unrecognized type, expected a number, got ${typeName(count as Value)}`);
  }
  const n = Math.trunc(count);
  if (n < 0 || n > rest.length + 1) {
    throw new PolicyError('syntax', `invalid t-out-of-n predicate, t ${n}, n ${rest.length}`);
  }
  const rules = rest.map((arg) => {
    if (arg instanceof common.SignaturePolicy) {
      return arg;
    }
    if (typeof arg !== 'string') {
      throw new PolicyError('syntax', `unrecognized type, expected a principal or a policy, got ${typeName(arg)}`);
    }
    principals.push(parsePrincipal(arg));
    return signedBy(principals.length - 1);
  });
  return nOutOf(n, rules);
}

/**
 * `Org1MSP.peer` as a principal.
 * @throws PolicyError `syntax`
 */
export function parsePrincipal(text: string): msp.MSPPrincipal {
  const match = PRINCIPAL.exec(text);
  if (match === null) {
    throw new PolicyError('syntax', `error parsing principal ${text}`);
  }
  return rolePrincipal(match[1] as string, match[2] as PolicyRole);
}

export function rolePrincipal(mspId: string, role: PolicyRole): msp.MSPPrincipal {
  const mspRole = new msp.MSPRole();
  mspRole.setMspIdentifier(mspId);
  mspRole.setRole(ROLES.indexOf(role) as 0 | 1 | 2 | 3 | 4);
  const principal = new msp.MSPPrincipal();
  principal.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
  principal.setPrincipal(mspRole.serializeBinary());
  return principal;
}

export function signedBy(index: number): common.SignaturePolicy {
  const policy = new common.SignaturePolicy();
  policy.setSignedBy(index);
  return policy;
}

export function nOutOf(n: number, rules: readonly common.SignaturePolicy[]): common.SignaturePolicy {
  const list = new common.SignaturePolicy.NOutOf();
  list.setN(n);
  list.setRulesList([...rules]);
  const policy = new common.SignaturePolicy();
  policy.setNOutOf(list);
  return policy;
}

/** One signature of this role in any of these MSPs (Fabric, `SignedByAnyMember` and its like: sorted by ID). */
export function signedByAny(role: PolicyRole, mspIds: readonly string[]): common.SignaturePolicyEnvelope {
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setRule(
    nOutOf(
      1,
      mspIds.map((_, index) => signedBy(index)),
    ),
  );
  envelope.setIdentitiesList(mspIds.toSorted().map((mspId) => rolePrincipal(mspId, role)));
  return envelope;
}

/** A principal stands in quotes in the next text; anything else is text to evaluate. */
function quoted(text: string): string {
  return PRINCIPAL.test(text) ? `'${text}'` : text;
}

function wholeNumber(value: number | string): string {
  return typeof value === 'string' ? value : String(Math.trunc(value));
}

function asText(value: Value, policy: string): string {
  if (typeof value !== 'string') {
    throw new PolicyError('syntax', `invalid policy string '${policy}'`);
  }
  if (value.length > MAX_POLICY_TEXT * 2) {
    throw new PolicyError('too_complex', `a policy of ${value.length} characters`);
  }
  return value;
}

function unexpectedType(value: Value): PolicyError {
  return new PolicyError('syntax', `unexpected type ${typeName(value)}`);
}

/** As Go names it. */
function typeName(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float64';
    default:
      return value instanceof common.SignaturePolicy ? '*common.SignaturePolicy' : '*policydsl.context';
  }
}
