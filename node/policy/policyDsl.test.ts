import { common, type msp } from '@hyperledger/fabric-protos';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PolicyRule, printPolicyRule, signaturePolicyRule } from '#node/protos/policyText.ts';
import {
  MAX_POLICY_TEXT,
  nOutOf,
  parsePolicy,
  printPolicy,
  rolePrincipal,
  signedBy,
  signedByAny,
} from './policyDsl.ts';
import { PolicyError } from './policyError.ts';

const hex = (message: { serializeBinary(): Uint8Array }) => Buffer.from(message.serializeBinary()).toString('hex');

function envelope(
  rule: common.SignaturePolicy,
  principals: readonly msp.MSPPrincipal[],
): common.SignaturePolicyEnvelope {
  const message = new common.SignaturePolicyEnvelope();
  message.setRule(rule);
  message.setIdentitiesList([...principals]);
  return message;
}

const [a, b, c, d] = ['A', 'B', 'C', 'D'].map((mspId) => rolePrincipal(mspId, 'member')) as [
  msp.MSPPrincipal,
  msp.MSPPrincipal,
  msp.MSPPrincipal,
  msp.MSPPrincipal,
];
const [s0, s1, s2, s3] = [0, 1, 2, 3].map(signedBy) as [
  common.SignaturePolicy,
  common.SignaturePolicy,
  common.SignaturePolicy,
  common.SignaturePolicy,
];

/** The cases of Fabric's own tests: text, and the message it must become. */
const FABRIC: readonly (readonly [string, common.SignaturePolicyEnvelope])[] = [
  ["OutOf(1, 'A.member', 'B.member')", envelope(nOutOf(1, [s0, s1]), [a, b])],
  ["OutOf(2, 'A.member', 'B.member')", envelope(nOutOf(2, [s0, s1]), [a, b])],
  ["AND('A.member', 'B.member')", envelope(nOutOf(2, [s0, s1]), [a, b])],
  [
    "AND('A.client', 'B.peer')",
    envelope(nOutOf(2, [s0, s1]), [rolePrincipal('A', 'client'), rolePrincipal('B', 'peer')]),
  ],
  ["OR('A.member', 'B.member')", envelope(nOutOf(1, [s0, s1]), [a, b])],
  // Inner calls end first, so their principals come first.
  ["OR('A.member', AND('B.member', 'C.member'))", envelope(nOutOf(1, [s2, nOutOf(2, [s0, s1])]), [b, c, a])],
  [
    "OR(AND('A.member', 'B.member'), OR('C.admin', 'D.member'))",
    envelope(nOutOf(1, [nOutOf(2, [s0, s1]), nOutOf(1, [s2, s3])]), [a, b, rolePrincipal('C', 'admin'), d]),
  ],
  [
    "OR('MSP.member', 'MSP.WITH.DOTS.member', 'MSP-WITH-DASHES.member')",
    envelope(
      nOutOf(1, [s0, s1, s2]),
      ['MSP', 'MSP.WITH.DOTS', 'MSP-WITH-DASHES'].map((id) => rolePrincipal(id, 'member')),
    ),
  ],
  [
    "OR('A.peer', 'B.admin', 'C.orderer', 'D.client')",
    envelope(nOutOf(1, [s0, s1, s2, s3]), [
      rolePrincipal('A', 'peer'),
      rolePrincipal('B', 'admin'),
      rolePrincipal('C', 'orderer'),
      rolePrincipal('D', 'client'),
    ]),
  ],
  ["OutOf('1', 'A.member', 'B.member')", envelope(nOutOf(1, [s0, s1]), [a, b])],
  ["OutOf(0, 'A.member', 'B.member')", envelope(nOutOf(0, [s0, s1]), [a, b])],
  ["OutOf(3, 'A.member', 'B.member')", envelope(nOutOf(3, [s0, s1]), [a, b])],
];

const ERRORS: readonly (readonly [string, string])[] = [
  ["OR('A.member', Bmember)", "unrecognized token 'Bmember' in policy string"],
  ["OR('A.member', 'Bmember')", "unrecognized token 'Bmember' in policy string"],
  [String.raw`OR('A.member', '\'Bmember\'')`, "unrecognized token 'Bmember' in policy string"],
  ["OR('A.member', 'B.somebody')", "unrecognized token 'B.somebody' in policy string"],
  ['', 'unexpected token EOF'],
  ['OutOf(1)', 'expected at least two arguments to NOutOf. Given 1'],
  ['OR()', 'expected at least two arguments to NOutOf. Given 1'],
  ["OutOf(true, 'A.member')", 'unexpected type bool'],
  ['OutOf(1, 2)', 'unexpected type int'],
  ["OutOf(1, 'true')", 'unexpected type bool'],
  [String.raw`OutOf('\'\\\'A\\\'\'', 'B.member')`, 'unrecognized type, expected a number, got string'],
  [String.raw`OutOf(1, '\'1\'')`, 'unrecognized type, expected a principal or a policy, got int'],
  ["''", 'unexpected token EOF'],
  [String.raw`'\'\''`, 'unexpected token EOF'],
  ['1', "invalid policy string '1'"],
  ["'1'", "invalid policy string ''1''"],
  ["OutOf(-1, 'A.member', 'B.member')", 'invalid t-out-of-n predicate, t -1, n 2'],
  ["OutOf(4, 'A.member', 'B.member')", 'invalid t-out-of-n predicate, t 4, n 2'],
  ["'A.member'", "unrecognized token 'A.member' in policy string"],
  ["OR('A.member'", 'unexpected token EOF'],
  ["OR('A.member',)", 'unexpected token )'],
  ["OR('A.member') OR('B.member')", 'unexpected token OR'],
  ["XOR('A.member', 'B.member')", "unrecognized token 'XOR' in policy string"],
  ["constructor('A.member')", "unrecognized token 'constructor' in policy string"],
  ["OR('A.member' + 'B.member')", 'unexpected "+" at character 15'],
  ["OR('A.member", 'unexpected "\'" at character 4'],
];

describe('the language of signature policies', () => {
  it.each(FABRIC)('%s', (text, expected) => {
    expect(hex(parsePolicy(text))).toBe(hex(expected));
  });

  it.each(ERRORS)('refuses %s', (text, message) => {
    expect(() => parsePolicy(text)).toThrow(
      expect.objectContaining({
        name: 'PolicyError',
        code: 'syntax',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  it('takes gates in three spellings, either quote, and room between', () => {
    for (const text of [
      `or("A.member",'B.member')`,
      ` Or ( 'A.member' ,\n"B.member" ) `,
      "(OR('A.member', 'B.member'))",
    ]) {
      expect(hex(parsePolicy(text))).toBe(hex(parsePolicy("OR('A.member', 'B.member')")));
    }
  });

  it('stops at texts too long or too deep', () => {
    const deep = `${'OR('.repeat(5000)}'A.member'${')'.repeat(5000)}`;
    expect(() => parsePolicy(deep)).toThrow(expect.objectContaining({ code: 'too_complex' }));
    expect(() => parsePolicy(`OR(${' '.repeat(MAX_POLICY_TEXT)})`)).toThrow(
      expect.objectContaining({ code: 'too_complex' }),
    );
  });

  it('signs by any of several organisations, sorted', () => {
    expect(printPolicy(signedByAny('peer', ['B', 'A']))).toBe("OR('A.peer','B.peer')");
  });
});

const mspId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9.-]{0,8}$/);
const principal = fc
  .tuple(mspId, fc.constantFrom('member', 'admin', 'client', 'peer', 'orderer'))
  .map(([id, role]): PolicyRule => ({ principal: `${id}.${role}` }));
const { rule } = fc.letrec<{ rule: PolicyRule; list: PolicyRule }>((tie) => ({
  rule: fc.oneof({ maxDepth: 4, depthSize: 'small' }, principal, tie('list')),
  list: fc
    .array(tie('rule'), { minLength: 1, maxLength: 4 })
    .chain((rules) => fc.integer({ min: 0, max: rules.length + 1 }).map((n) => ({ n, rules }))),
}));
const list = fc.tuple(rule, fc.array(rule, { maxLength: 3 })).map(
  ([first, rest]): PolicyRule => ({
    n: rest.length,
    rules: [first, ...rest],
  }),
);

describe('parser and printer', () => {
  it('agree: parse(print(x)) = x', () => {
    fc.assert(
      fc.property(list, (one) => {
        const parsed = parsePolicy(printPolicyRule(one));
        expect(signaturePolicyRule(parsed)).toEqual(one);
        expect(hex(parsePolicy(printPolicy(parsed)))).toBe(hex(parsed));
      }),
      { numRuns: 500 },
    );
  });

  it('answer or throw PolicyError, whatever the text', () => {
    const pieces = fc.constantFrom(
      'OR(',
      'AND(',
      'OutOf(',
      ')',
      ',',
      "'A.member'",
      '"',
      "'",
      '\\',
      '1',
      '-',
      'ID',
      'outof(',
      ' ',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
    );
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(text, (one) => {
        try {
          parsePolicy(one);
          outcomes.add('parsed');
        } catch (error) {
          outcomes.add(error instanceof PolicyError ? error.code : String(error));
        }
      }),
      { numRuns: 3000 },
    );
    expect([...outcomes].filter((outcome) => outcome !== 'parsed' && outcome !== 'syntax')).toEqual([]);
  });
});
