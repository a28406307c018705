import { describe, expect, test } from 'vitest';
import { buildNetwork } from '../network/buildNetwork.ts';
import type { PolicyRule, StoredRecord } from '../record.ts';
import { CHANNEL, P01, P02, P11, policyFacts, stored, T0 } from './exampleNetwork.ts';
import { evaluateRule, judgePolicy, type PolicyQuestion } from './policyVerdict.ts';

const endorser = ({ id, msp }: typeof P01) => ({ id, msp, kind: 'peer' as const });
const [ONE, ONE_B, TWO] = [endorser(P01), endorser(P11), endorser(P02)];
const org1: PolicyRule = { principal: 'Org1MSP.peer' };
const org2: PolicyRule = { principal: 'Org2MSP.member' };

function judge(question: Partial<PolicyQuestion>, facts: readonly StoredRecord[] = policyFacts()) {
  const network = buildNetwork(facts);
  return judgePolicy({
    network,
    channel: CHANNEL,
    chaincode: 'basic',
    type: 'ENDORSER_TRANSACTION',
    block: 4,
    code: null,
    endorsers: [ONE, TWO],
    ...question,
  });
}

describe('evaluateRule', () => {
  test.for<[string, PolicyRule, (typeof ONE)[], boolean, string[]]>([
    ['OR', { n: 1, rules: [org1, org2] }, [TWO], true, [TWO.id]],
    ['AND', { n: 2, rules: [org1, org2] }, [ONE, TWO], true, [ONE.id, TWO.id]],
    ['AND that lacks one', { n: 2, rules: [org1, org2] }, [ONE], false, [ONE.id]],
    ['two of one organisation need two peers', { n: 2, rules: [org1, org1] }, [ONE], false, [ONE.id]],
    ['two peers of one organisation', { n: 2, rules: [org1, org1] }, [ONE, ONE_B], true, [ONE.id, ONE_B.id]],
    ['nested', { n: 2, rules: [org1, { n: 1, rules: [org1, org2] }] }, [ONE, TWO], true, [ONE.id, TWO.id]],
    ['an admin principal is not taken for met', { principal: 'Org1MSP.admin' }, [ONE], false, []],
    ['nothing asked for', { n: 0, rules: [] }, [], true, []],
  ])('%s', ([, rule, endorsers, satisfied, by]) => {
    const outcome = evaluateRule(rule, endorsers);
    expect(outcome.satisfied).toBe(satisfied);
    expect([...outcome.by].toSorted()).toEqual(by.toSorted());
  });
});

describe('judgePolicy', () => {
  test('a majority of organisations', () => {
    expect(judge({})).toEqual({
      expression: 'MAJORITY Endorsement',
      satisfied: true,
      satisfiedBy: [ONE.id, TWO.id],
      reason: 'Org1MSP and Org2MSP endorsed; MAJORITY Endorsement asks for 2 of 2 organisations.',
    });
    expect(judge({ endorsers: [ONE, ONE_B] })).toMatchObject({
      satisfied: false,
      reason: 'Org1MSP endorsed; MAJORITY Endorsement asks for 2 of 2 organisations.',
    });
  });

  test('what the peers decided comes before what the rule says', () => {
    expect(judge({ code: 'MVCC_READ_CONFLICT' }).satisfied).toBe(true);
    const accepted = judge({ code: 'VALID', endorsers: [ONE] });
    expect(accepted.satisfied).toBe(true);
    expect(accepted.reason).toContain('a policy of a key or collection must have applied');
    const refused = judge({ code: 'ENDORSEMENT_POLICY_FAILURE' });
    expect(refused.satisfied).toBe(false);
    expect(refused.reason).toContain('the endorsers signed different results');
  });

  test('the definition in force at the block counts', () => {
    const definition = {
      name: 'basic',
      sequence: 2,
      expression: "OR('Org1MSP.peer','Org2MSP.peer')",
      rule: { n: 1, rules: [org1, org2] },
    };
    const change = stored(T0, null, {
      point: 'chaincode.definition',
      channel: CHANNEL,
      block: { number: 48 },
      definition,
    });
    const facts = [...policyFacts(), change];
    expect(judge({ block: 48, endorsers: [ONE] }, facts).satisfied).toBe(false);
    expect(judge({ block: 49, endorsers: [ONE] }, facts)).toMatchObject({
      satisfied: true,
      expression: definition.expression,
      satisfiedBy: [ONE.id],
    });
    // Not in a block yet: the newest.
    expect(judge({ block: null, endorsers: [ONE] }, facts).satisfied).toBe(true);
  });

  test('a path is named by what the channel says of it', () => {
    const definition = {
      name: 'basic',
      sequence: 9,
      expression: '/Channel/Application/Endorsement',
      reference: '/Channel/Application/Endorsement',
    };
    const fact = stored(T0, null, {
      point: 'chaincode.definition',
      channel: CHANNEL,
      block: { number: 3 },
      definition,
    });
    expect(judge({}, [...policyFacts(), fact]).expression).toBe('MAJORITY Endorsement');
  });

  test('without the definition only the peers’ decision is known', () => {
    expect(judge({ chaincode: '_lifecycle', code: 'VALID' })).toMatchObject({ expression: null, satisfied: true });
    expect(judge({ chaincode: 'unknown' })).toEqual({
      expression: null,
      satisfied: null,
      satisfiedBy: [],
      reason: null,
    });
  });

  test('configuration is not endorsed', () => {
    expect(judge({ type: 'CONFIG', code: 'VALID' })).toMatchObject({ satisfied: null });
  });
});
