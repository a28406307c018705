import { common, msp } from '@hyperledger/fabric-protos';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentityDeserializer, MspIdentity } from '#node/msp/mspIdentity.ts';
import { nOutOf, parsePolicy, rolePrincipal, signedBy } from './policyDsl.ts';
import { readSignaturePolicyEnvelope, SignaturePolicy } from './signaturePolicy.ts';

/** Roles are all that these identities have: `A.peer` satisfies the principals listed for it. */
function person(label: string, principals: readonly msp.MSPPrincipal[]): MspIdentity {
  const known = new Set(principals.map((one) => Buffer.from(one.getPrincipal_asU8()).toString('hex')));
  return {
    label,
    satisfies: (principal: msp.MSPPrincipal) =>
      known.has(Buffer.from(principal.getPrincipal_asU8()).toString('hex')) ? null : 'is somebody else',
  } as MspIdentity;
}

const nobody: IdentityDeserializer = {
  deserializeIdentity() {
    throw new Error('nobody signs here');
  },
};
const compile = (envelope: common.SignaturePolicyEnvelope) => SignaturePolicy.fromEnvelope(envelope, nobody);

const PRINCIPALS = ['A', 'B', 'C', 'D'].map((mspId) => rolePrincipal(mspId, 'peer'));

/** A policy over four principals, by number, and who can stand for which. */
type Rule = number | { readonly n: number; readonly rules: readonly Rule[] };
const { rule } = fc.letrec<{ rule: Rule; gate: Rule }>((tie) => ({
  rule: fc.oneof({ maxDepth: 3, depthSize: 'small' }, fc.nat(3), tie('gate')),
  gate: fc.record({ n: fc.integer({ min: -1, max: 4 }), rules: fc.array(tie('rule'), { maxLength: 4 }) }),
}));
const people = fc.array(fc.subarray([0, 1, 2, 3]), { maxLength: 6 });

const message = (one: Rule): common.SignaturePolicy =>
  typeof one === 'number' ? signedBy(one) : nOutOf(one.n, one.rules.map(message));

/** Fabric's rules said without loops and marks: what is left of the people after a rule, and whether it held. */
function model(one: Rule, free: readonly (readonly number[] | null)[]): { holds: boolean; free: typeof free } {
  if (typeof one === 'number') {
    const taken = free.findIndex((can) => can?.includes(one));
    return taken < 0 ? { holds: false, free } : { holds: true, free: free.with(taken, null) };
  }
  const after = one.rules.reduce(
    (state, sub) => {
      const tried = model(sub, state.free);
      return tried.holds ? { count: state.count + 1, free: tried.free } : state;
    },
    { count: 0, free },
  );
  return { holds: after.count >= one.n, free: after.free };
}

/** Whether people could be dealt out to satisfy a rule at all: every way is tried. */
function possible(one: Rule, free: readonly (readonly number[] | null)[]): (typeof free)[] {
  if (typeof one === 'number') {
    return free.flatMap((can, index) => (can?.includes(one) === true ? [free.with(index, null)] : []));
  }
  let states: { count: number; free: typeof free }[] = [{ count: 0, free }];
  for (const sub of one.rules) {
    const seen = new Map<string, { count: number; free: typeof free }>();
    for (const state of states) {
      const ways = possible(sub, state.free).map((left) => ({ count: state.count + 1, free: left }));
      for (const way of [state, ...ways]) {
        seen.set(JSON.stringify(way), way);
      }
    }
    states = [...seen.values()];
  }
  return states.filter(({ count }) => count >= one.n).map((state) => state.free);
}

function policyOf(one: Rule): SignaturePolicy {
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setRule(message(one));
  envelope.setIdentitiesList(PRINCIPALS);
  return compile(envelope);
}

describe('evaluation', () => {
  it("follows Fabric's rules: principals take the first free identity, failed lists give back, nothing is tried twice", () => {
    const seen = { satisfied: 0, unsatisfied: 0 };
    fc.assert(
      fc.property(rule, people, (one, cans) => {
        const verdict = policyOf(one).evaluateIdentities(
          cans.map((can, index) =>
            person(
              `p${index}`,
              can.map((number) => PRINCIPALS[number] as msp.MSPPrincipal),
            ),
          ),
        );
        expect(verdict.satisfied).toBe(model(one, cans).holds);
        // Nobody stands for two, and only for what they can.
        const who = verdict.satisfiedBy.map(({ identity }) => identity.label);
        expect(new Set(who).size).toBe(who.length);
        seen[verdict.satisfied ? 'satisfied' : 'unsatisfied']++;
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.satisfied, seen.unsatisfied)).toBeGreaterThan(200);
  });

  it('never says yes where nobody could be dealt out to satisfy the policy', () => {
    fc.assert(
      fc.property(rule, fc.array(fc.subarray([0, 1, 2, 3]), { maxLength: 4 }), (one, cans) => {
        const { holds } = model(one, cans);
        expect(holds && possible(one, cans).length === 0).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('is greedy: the order of identities can decide', () => {
    const [a, b] = PRINCIPALS as [msp.MSPPrincipal, msp.MSPPrincipal];
    const policy = compile(parsePolicy("AND('A.peer', 'B.peer')"));
    const both = person('both', [a, b]);
    const onlyA = person('only A', [a]);
    expect(policy.evaluateIdentities([onlyA, both]).satisfied).toBe(true);
    expect(policy.evaluateIdentities([both, onlyA]).satisfied).toBe(false);
  });

  it('says who stands for what, and why others do not', () => {
    const [a] = PRINCIPALS as [msp.MSPPrincipal];
    const verdict = compile(parsePolicy("AND('A.peer', 'B.peer')")).evaluateIdentities([person('Org/p0', [a])]);
    expect(verdict).toMatchObject({
      satisfied: false,
      expression: "AND('A.peer','B.peer')",
      satisfiedBy: [{ principal: 'A.peer', identity: { label: 'Org/p0' } }],
      unsatisfied: [{ principal: 'B.peer', reasons: ['Org/p0: stands for another principal already'] }],
      reason: "AND('A.peer','B.peer') is not satisfied: nobody stands for B.peer (there are A.peer)",
    });
    expect(compile(parsePolicy("OR('A.peer', 'B.peer')")).evaluateIdentities([person('Org/p0', [a])]).reason).toBe(
      "OR('A.peer','B.peer') is satisfied: A.peer by Org/p0",
    );
    expect(compile(parsePolicy("OutOf(0, 'A.peer')")).evaluateIdentities([]).reason).toBe(
      "OutOf(0,'A.peer') asks for nobody",
    );
  });
});

const broken = (build: (envelope: common.SignaturePolicyEnvelope) => void) => {
  const envelope = new common.SignaturePolicyEnvelope();
  build(envelope);
  return envelope.serializeBinary();
};
const compileBytes = (bytes: Uint8Array) => SignaturePolicy.fromBytes(bytes, nobody);

describe('compilation', () => {
  it.each([
    ['no rule', broken(() => {}), 'malformed'],
    ['an empty rule', broken((one) => one.setRule(new common.SignaturePolicy())), 'malformed'],
    ['a principal that is not listed', broken((one) => one.setRule(signedBy(0))), 'out_of_range'],
    ['a principal below zero', broken((one) => one.setRule(nOutOf(1, [signedBy(-1)]))), 'out_of_range'],
    [
      'another version',
      broken((one) => {
        one.setVersion(1);
        one.setRule(nOutOf(0, []));
      }),
      'unsupported',
    ],
    ['bytes that are no policy', Uint8Array.of(0x0a, 0xff), 'malformed'],
  ])('refuses %s', (_, bytes, code) => {
    expect(() => compileBytes(bytes)).toThrow(expect.objectContaining({ name: 'PolicyError', code }));
  });

  it('takes another version in a chaincode definition, as Fabric does', () => {
    const envelope = readSignaturePolicyEnvelope(
      broken((one) => {
        one.setVersion(1);
        one.setRule(nOutOf(0, []));
      }),
    );
    expect(compile(envelope).evaluateIdentities([]).satisfied).toBe(true);
  });

  it('takes principals that cannot be read: nobody satisfies them', () => {
    const principal = new msp.MSPPrincipal();
    principal.setPrincipal(Uint8Array.of(0xff));
    const envelope = new common.SignaturePolicyEnvelope();
    envelope.setRule(nOutOf(1, [signedBy(0)]));
    envelope.setIdentitiesList([principal]);
    const policy = compile(envelope);
    expect([policy.expression, policy.evaluateIdentities([person('p', [])]).satisfied]).toEqual([
      "OR('unreadable(0)')",
      false,
    ]);
  });

  it('answers or throws PolicyError, whatever the bytes', () => {
    const real = parsePolicy("OutOf(2, 'A.peer', AND('B.peer', 'C.admin'), OR('D.client'))").serializeBinary();
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }), fc.nat(), (changes, end) => {
        const bytes = Uint8Array.from(real).subarray(0, real.length - (end % 9));
        for (const [at, octet] of changes) {
          bytes[at % bytes.length] = octet;
        }
        try {
          compileBytes(bytes).evaluateIdentities([person('p', PRINCIPALS)]);
          outcomes.add('compiled');
        } catch (error) {
          outcomes.add((error as Error).name);
        }
      }),
      { numRuns: 2000 },
    );
    expect([...outcomes].toSorted()).toEqual(['PolicyError', 'compiled']);
  });
});
