import { common, peer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { Signer } from '#node/crypto/sign.ts';
import { MspManager } from '#node/msp/mspManager.ts';
import { authority, definition, type Holder, issue } from '#node/msp/testAuthority.ts';
import { vendoredChannel } from '#node/msp/testChannel.ts';
import { X509Msp } from '#node/msp/x509Msp.ts';
import { applicationPolicy, keyLevelPolicy } from './applicationPolicy.ts';
import { parseImplicitMeta } from './implicitMeta.ts';
import type { SignedData } from './policy.ts';
import { parsePolicy } from './policyDsl.ts';
import { type PolicyGroup, PolicyManager } from './policyManager.ts';
import { validIdentities } from './validIdentities.ts';

const { PolicyType } = common.Policy;
const roots = Object.fromEntries(['A', 'B', 'C'].map((name) => [name, authority(`root of ${name}`)]));
const msps = new MspManager(
  Object.entries(roots).map(([mspId, root]) => new X509Msp(definition([root], { mspId }), '3.0')),
);

function signerOf(mspId: string, holder: Holder): Signer {
  const keyPem = holder.privateKey.export({ type: 'pkcs8', format: 'pem' });
  return new Signer({ mspId, keyPem, certificatePem: holder.pem });
}
const holders = Object.fromEntries(
  Object.entries(roots).map(([mspId, root]) => [mspId, issue(root, { name: 'peer0', units: ['peer'] })]),
) as Record<'A' | 'B' | 'C', Holder>;
const peers = {
  A: signerOf('A', holders.A),
  B: signerOf('B', holders.B),
  C: signerOf('C', holders.C),
};

const data = Buffer.from('what is signed');
const signed = (...signers: Signer[]): SignedData[] =>
  signers.map((signer) => ({ data, identity: signer.identity, signature: signer.signSync(data) }));

function configPolicy(type: number, value: Uint8Array): common.ConfigPolicy {
  const policy = new common.Policy();
  policy.setType(type);
  policy.setValue(value);
  const message = new common.ConfigPolicy();
  message.setPolicy(policy);
  return message;
}
const signature = (text: string) => configPolicy(PolicyType.SIGNATURE, parsePolicy(text).serializeBinary());
const implicit = (text: string) => configPolicy(PolicyType.IMPLICIT_META, parseImplicitMeta(text).serializeBinary());

function group(
  policies: Readonly<Record<string, common.ConfigPolicy>>,
  groups: Readonly<Record<string, PolicyGroup>> = {},
): PolicyGroup {
  return { policies: new Map(Object.entries(policies)), groups: new Map(Object.entries(groups)) };
}

const organization = (mspId: string) =>
  group({ Writers: signature(`OR('${mspId}.member')`), Peers: signature(`OR('${mspId}.peer')`) });
const channel = (...organizations: string[]) =>
  PolicyManager.fromGroup(
    group(
      { Any: implicit('ANY Any') },
      {
        Application: group(
          {
            Any: implicit('ANY Peers'),
            All: implicit('ALL Peers'),
            Majority: implicit('MAJORITY Peers'),
            Missing: implicit('ALL Nobody'),
            Fixed: signature("AND('A.peer', 'B.peer')"),
          },
          Object.fromEntries(organizations.map((name) => [name, organization(name)])),
        ),
      },
    ),
    msps,
  );

describe('implicit policies', () => {
  const three = channel('A', 'B', 'C');
  const { A, B, C } = peers;
  it.each([
    ['Any', [], false],
    ['Any', [B], true],
    ['Majority', [A], false],
    ['Majority', [A, A], false],
    ['Majority', [A, C], true],
    ['All', [A, C], false],
    ['All', [A, B, C], true],
    ['Missing', [A, B, C], false],
  ] as const)('%s of three', async (name, signers, satisfied) => {
    const policy = three.policyOrReject(`/Channel/Application/${name}`);
    const verdict = await policy.evaluate(signed(...signers));
    expect(verdict.satisfied).toBe(satisfied);
    expect(verdict.reason).toContain(satisfied ? 'is satisfied' : 'is not satisfied');
    expect(verdict.refusal === null).toBe(satisfied);
  });

  it('of no groups ask for nothing', async () => {
    const none = channel();
    const answers = ['Any', 'All', 'Majority'].map((name) =>
      none.policyOrReject(`Application/${name}`).evaluateIdentities([]),
    );
    expect(answers.map(({ satisfied }) => satisfied)).toEqual([true, true, true]);
  });

  it('of two want both for a majority', async () => {
    const policy = channel('A', 'B').policyOrReject('/Channel/Application/Majority');
    expect([(await policy.evaluate(signed(A))).satisfied, (await policy.evaluate(signed(A, B))).satisfied]).toEqual([
      false,
      true,
    ]);
  });

  it('lead down several levels, and say who did it', async () => {
    const verdict = await three.policyOrReject('/Channel/Any').evaluate(signed(C));
    expect(verdict).toMatchObject({
      satisfied: true,
      expression: 'ANY Any',
      satisfiedBy: [{ principal: 'C.peer', identity: { label: 'C/peer0' } }],
    });
    const failed = await three.policyOrReject('/Channel/Application/All').evaluate(signed(A, B));
    expect(failed.reason).toBe(
      "ALL Peers is not satisfied: 2 of 3 'Peers' policies are satisfied, 3 must be " +
        "(C: OR('C.peer') is not satisfied: nobody stands for C.peer)",
    );
    expect(failed.refusal).toBe(
      "implicit policy evaluation failed - 2 sub-policies were satisfied, but this policy requires 3 of the 'Peers' sub-policies to be satisfied",
    );
    expect(failed.unsatisfied[0]?.reasons).toEqual([
      'A/peer0: a member of MSP A, not of C',
      'B/peer0: a member of MSP B, not of C',
    ]);
  });

  it('are read from text as configuration files have them', () => {
    const errors = ['ANY', 'ANY  Readers', 'SOME Readers', ''].map((text) => {
      try {
        return parseImplicitMeta(text).getSubPolicy();
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(errors).toEqual([
      'expected two space separated tokens, but got 1',
      'expected two space separated tokens, but got 3',
      "unknown rule type 'SOME', expected ALL, ANY, or MAJORITY",
      'expected two space separated tokens, but got 1',
    ]);
  });

  it('with a rule that nobody knows hold for nobody in particular, as in Go', () => {
    const message = new common.ImplicitMetaPolicy();
    message.setRule(7 as 0);
    message.setSubPolicy('Peers');
    const manager = PolicyManager.fromGroup(
      group({ Odd: configPolicy(PolicyType.IMPLICIT_META, message.serializeBinary()) }, { A: organization('A') }),
      msps,
    );
    const peerOfA = msps.deserializeIdentity(peers.A.identity);
    const ask = (...list: (typeof peerOfA)[]) => manager.policyOrReject('Odd').evaluateIdentities(list).satisfied;
    expect([ask(), ask(peerOfA)]).toEqual([true, false]);
  });
});

describe('the manager', () => {
  it('finds policies by absolute path, and by path from a group on', () => {
    const root = channel('A', 'B');
    const wanted = root.policy('/Channel/Application/A/Peers');
    expect(wanted).not.toBeNull();
    expect(root.policy('Application/A/Peers')).toBe(wanted);
    expect(root.manager(['Application'])?.policy('A/Peers')).toBe(wanted);
    expect(root.manager(['Application', 'A'])?.policy('/Channel/Application/A/Peers')).toBe(wanted);
    expect(root.manager([])).toBe(root);
    expect(root.manager(['Nowhere', 'A'])).toBeNull();
    expect(
      ['', '/', '/Channel', '/Channel/', '/Channel/Nothing', '/Application/A/Peers'].map((id) => root.policy(id)),
    ).toEqual(Array.from({ length: 6 }, () => null));
    expect(root.policyOrReject('/Channel/Nothing').evaluateIdentities([])).toMatchObject({
      satisfied: false,
      reason: "no such policy: '/Channel/Nothing'",
    });
  });

  it('compiles all policies of real channels', () => {
    const { root, msps: real } = vendoredChannel('v3.1.5');
    const manager = PolicyManager.fromGroup(root, real);
    expect(manager.names).toEqual(
      expect.arrayContaining([
        'Admins',
        'Application/Endorsement',
        'Application/Org1MSP/Admins',
        'Orderer/BlockValidation',
      ]),
    );
    expect(manager.policy('/Channel/Application/Endorsement')?.expression).toBe('MAJORITY Endorsement');
  });

  it.each([
    ['of an unknown type', configPolicy(PolicyType.MSP, new Uint8Array(0)), 'unsupported', 'unknown policy type: 2'],
    ['that is none', new common.ConfigPolicy(), 'malformed', 'was nil'],
    ['of bad bytes', configPolicy(PolicyType.SIGNATURE, Uint8Array.of(255)), 'malformed', 'did not compile'],
    ['of bad bytes below', configPolicy(PolicyType.IMPLICIT_META, Uint8Array.of(255)), 'malformed', 'did not compile'],
  ])('refuses a policy %s', (_, policy, code, message) => {
    expect(() => PolicyManager.fromGroup(group({}, { Application: group({ Bad: policy }) }), msps)).toThrow(
      expect.objectContaining({ name: 'PolicyError', code, message: expect.stringContaining(message) as string }),
    );
  });
});

const bytes = (build: (policy: peer.ApplicationPolicy) => void) => {
  const message = new peer.ApplicationPolicy();
  build(message);
  return message.serializeBinary();
};

describe('application policies', () => {
  const context = { policies: channel('A', 'B', 'C'), msps };
  it('are signature policies, or refer to one of the channel', async () => {
    const own = applicationPolicy(
      bytes((one) => one.setSignaturePolicy(parsePolicy("OR('B.peer')"))),
      context,
    );
    const referred = applicationPolicy(
      bytes((one) => one.setChannelConfigPolicyReference('/Channel/Application/Majority')),
      context,
    );
    expect([own.expression, referred.expression]).toEqual(["OR('B.peer')", 'MAJORITY Peers']);
    expect((await own.evaluate(signed(peers.B))).satisfied).toBe(true);
    expect((await referred.evaluate(signed(peers.B))).satisfied).toBe(false);
  });

  it.each([
    [
      'a reference to nothing',
      bytes((one) => one.setChannelConfigPolicyReference('/Channel/Nothing')),
      'unknown_policy',
    ],
    ['neither', bytes(() => {}), 'unsupported'],
    ['garbage', Uint8Array.of(0xff), 'malformed'],
  ])('refuse %s', (_, policy, code) => {
    expect(() => applicationPolicy(policy, context)).toThrow(expect.objectContaining({ name: 'PolicyError', code }));
  });

  it('of keys are signature policies', async () => {
    const policy = keyLevelPolicy(parsePolicy("AND('A.peer', 'C.peer')").serializeBinary(), msps);
    expect((await policy.evaluate(signed(peers.A, peers.C))).satisfied).toBe(true);
    expect((await policy.evaluate(signed(peers.A))).satisfied).toBe(false);
    expect(() => keyLevelPolicy(Uint8Array.of(0xff), msps)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});

const labels = async (list: readonly SignedData[]) => {
  const { identities, rejected } = await validIdentities(list, msps);
  return [identities.map(({ label }) => label), rejected.map(({ index, reason }) => `${index}: ${reason}`)];
};

describe('whose signatures hold', () => {
  const { A, B } = peers;
  const [a, b] = signed(A, B) as [SignedData, SignedData];
  const bad = { ...a, data: Buffer.from('something else') };

  it('comes in the order signed, each once', async () => {
    expect(await labels([b, a, b])).toEqual([['B/peer0', 'A/peer0'], ['2: B/peer0 signed more than once']]);
  });

  it('is told from who did not sign', async () => {
    expect(await labels([bad, b])).toEqual([['B/peer0'], ['0: the signature of A/peer0 is not valid']]);
  });

  it('lets a good signature follow a bad one of the same identity', async () => {
    expect(await labels([bad, b, a])).toEqual([['B/peer0', 'A/peer0'], ['0: the signature of A/peer0 is not valid']]);
  });

  it('passes over identities that are none', async () => {
    const stranger = signerOf('A', issue(authority('stranger'), { units: ['peer'] }));
    const list = [
      { ...a, identity: Uint8Array.of(1) },
      ...signed(stranger),
      { ...b, identity: Buffer.concat([b.identity, Uint8Array.of(0x80)]) },
      a,
    ];
    const [who, why] = await labels(list);
    expect([who, why?.length]).toEqual([['A/peer0'], 3]);
  });

  it('does not count one identity twice because its PEM is written in another way', async () => {
    const text = Buffer.from(A.certificate.pem).toString().replaceAll('\n', '\r\n');
    const again = new Signer({
      mspId: 'A',
      certificatePem: `a comment\n${text}`,
      keyPem: holders.A.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    });
    expect((await labels([a, ...signed(again)]))[0]).toEqual(['A/peer0']);
  });
});
