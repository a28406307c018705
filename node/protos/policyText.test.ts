import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { common, msp, peer } from '@hyperledger/fabric-protos';
import {
  applicationPolicyView,
  type PolicyRule,
  policyView,
  printPolicyRule,
  signaturePolicyRule,
} from './policyText.ts';

const role = (mspId: string, kind: 0 | 1 | 2 | 3 | 4) => {
  const message = new msp.MSPRole();
  message.setMspIdentifier(mspId);
  message.setRole(kind);
  return principal(0, message);
};

function principal(kind: 0 | 1 | 2 | 3 | 4, message: { serializeBinary(): Uint8Array }): msp.MSPPrincipal {
  const one = new msp.MSPPrincipal();
  one.setPrincipalClassification(kind);
  one.setPrincipal(message.serializeBinary());
  return one;
}

function signedBy(index: number): common.SignaturePolicy {
  const policy = new common.SignaturePolicy();
  policy.setSignedBy(index);
  return policy;
}

function outOf(n: number, ...rules: common.SignaturePolicy[]): common.SignaturePolicy {
  const list = new common.SignaturePolicy.NOutOf();
  list.setN(n);
  list.setRulesList(rules);
  const policy = new common.SignaturePolicy();
  policy.setNOutOf(list);
  return policy;
}

function envelope(rule: common.SignaturePolicy | undefined, ...identities: msp.MSPPrincipal[]) {
  const message = new common.SignaturePolicyEnvelope();
  message.setRule(rule);
  message.setIdentitiesList(identities);
  return message;
}

const orgs = [role('Org1MSP', 3), role('Org2MSP', 0), role('Org3MSP', 1), role('Org4MSP', 2), role('O', 4)];
const print = (rule: common.SignaturePolicy) => printPolicyRule(signaturePolicyRule(envelope(rule, ...orgs)));

function failure(message: common.SignaturePolicyEnvelope): unknown {
  try {
    return signaturePolicyRule(message);
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('signature policies', () => {
  it('reads as a person writes it', () => {
    expect(print(signedBy(0))).toBe("'Org1MSP.peer'");
    expect(print(outOf(1, signedBy(0), signedBy(1)))).toBe("OR('Org1MSP.peer','Org2MSP.member')");
    expect(print(outOf(2, signedBy(2), signedBy(3)))).toBe("AND('Org3MSP.admin','Org4MSP.client')");
    expect(print(outOf(1, signedBy(4)))).toBe("OR('O.orderer')");
    expect(print(outOf(2, signedBy(0), signedBy(1), outOf(2, signedBy(2), signedBy(3))))).toBe(
      "OutOf(2,'Org1MSP.peer','Org2MSP.member',AND('Org3MSP.admin','Org4MSP.client'))",
    );
    expect(print(outOf(0))).toBe('OutOf(0)');
    expect(print(outOf(5, signedBy(0)))).toBe("OutOf(5,'Org1MSP.peer')");
  });

  it('gives a rule whose text differs whenever the rule does', () => {
    const { rule } = fc.letrec<{ rule: PolicyRule }>((tie) => ({
      rule: fc.oneof(
        { maxDepth: 3 },
        fc.record({ principal: fc.constantFrom('A.peer', 'B.admin', 'C.member') }),
        fc.record({ n: fc.nat(3), rules: fc.array(tie('rule'), { maxLength: 3 }) }),
      ),
    }));
    fc.assert(
      fc.property(rule, rule, (a, b) => {
        expect(printPolicyRule(a) === printPolicyRule(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it('has words that no role can be mistaken for where the language has none', () => {
    const unit = new msp.OrganizationUnit();
    unit.setMspIdentifier('Org1MSP');
    unit.setOrganizationalUnitIdentifier('sales');
    const identity = new msp.SerializedIdentity();
    identity.setMspid('Org1MSP');
    const anonymity = new msp.MSPIdentityAnonymity();
    anonymity.setAnonymityType(msp.MSPIdentityAnonymity.MSPIdentityAnonymityType.ANONYMOUS);
    const combined = new msp.CombinedPrincipal();
    combined.setPrincipalsList([role('Org1MSP', 3), principal(1, unit), principal(4, new msp.CombinedPrincipal())]);
    const rule = signaturePolicyRule(
      envelope(
        outOf(1, ...[0, 1, 2, 3].map(signedBy)),
        principal(1, unit),
        principal(2, identity),
        principal(3, anonymity),
        principal(4, combined),
      ),
    );
    expect(printPolicyRule(rule)).toMatch(
      /^OR\('Org1MSP\.ou\(sales\)','Org1MSP\.id\([0-9a-f]{64}\)','anonymous','all\(Org1MSP\.peer&Org1MSP\.ou\(sales\)&all\(…\)\)'\)$/,
    );
  });

  it('refuses what means nothing', () => {
    expect(failure(envelope(undefined))).toBe('missing');
    expect(failure(envelope(new common.SignaturePolicy()))).toBe('missing');
    expect(failure(envelope(signedBy(0)))).toBe('out_of_range');
    expect(failure(envelope(signedBy(-1), role('A', 0)))).toBe('out_of_range');
  });
});

describe('policies of a channel and of a chaincode', () => {
  it('tells kinds apart', () => {
    const policy = new common.Policy();
    policy.setType(2);
    expect(policyView(policy)).toMatchObject({ type: 'unknown', expression: 'policy of type 2' });
    const meta = new common.ImplicitMetaPolicy();
    meta.setRule(common.ImplicitMetaPolicy.Rule.ALL);
    meta.setSubPolicy('Writers');
    policy.setType(common.Policy.PolicyType.IMPLICIT_META);
    policy.setValue(meta.serializeBinary());
    expect(policyView(policy)).toMatchObject({ type: 'implicit', expression: 'ALL Writers', implicit: 'ALL' });
  });

  it('follows a reference, and the default where nothing is said', () => {
    const application = new peer.ApplicationPolicy();
    application.setChannelConfigPolicyReference('/Channel/Application/Special');
    expect(applicationPolicyView(application.serializeBinary())).toEqual({
      expression: '/Channel/Application/Special',
      rule: null,
      reference: '/Channel/Application/Special',
    });
    expect(applicationPolicyView(new Uint8Array(0)).reference).toBe('/Channel/Application/Endorsement');
    application.setSignaturePolicy(envelope(signedBy(0), role('A', 3)));
    expect(applicationPolicyView(application.serializeBinary())).toEqual({
      expression: "'A.peer'",
      rule: { principal: 'A.peer' },
      reference: null,
    });
    expect(() => applicationPolicyView(Uint8Array.of(0x1a, 0))).toThrow(expect.objectContaining({ code: 'missing' }));
  });
});
