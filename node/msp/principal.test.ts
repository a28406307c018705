import { msp } from '@hyperledger/fabric-protos';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rolePrincipal, type PolicyRole } from '#node/policy/policyDsl.ts';
import type { MspVersion } from './mspVersion.ts';
import { authority, definition, issue, NODE_UNITS, serialized } from './testAuthority.ts';
import { X509Msp } from './x509Msp.ts';

const Kind = msp.MSPPrincipal.Classification;
const root = authority('root');
const listed = issue(root, { name: 'listed', units: ['client'] });
const people = {
  client: issue(root, { name: 'client', units: ['client'] }),
  peer: issue(root, { name: 'peer', units: ['peer', 'sales'] }),
  admin: issue(root, { name: 'admin', units: ['admin'] }),
  orderer: issue(root, { name: 'orderer', units: ['orderer'] }),
  nobody: issue(root, { name: 'nobody', units: ['sales'] }),
  listed,
};
type Person = keyof typeof people;

function principal(kind: number, bytes: Uint8Array): msp.MSPPrincipal {
  const message = new msp.MSPPrincipal();
  message.setPrincipalClassification(kind as 0);
  message.setPrincipal(bytes);
  return message;
}

const roles: readonly PolicyRole[] = ['member', 'admin', 'client', 'peer', 'orderer'];
const role = (name: PolicyRole, mspId = 'OrgMSP') => rolePrincipal(mspId, name);

const unit = (name: string, certifiers: Uint8Array, mspId = 'OrgMSP') => {
  const message = new msp.OrganizationUnit();
  message.setMspIdentifier(mspId);
  message.setOrganizationalUnitIdentifier(name);
  message.setCertifiersIdentifier(certifiers);
  return principal(Kind.ORGANIZATION_UNIT, message.serializeBinary());
};
const combined = (...parts: msp.MSPPrincipal[]) => {
  const message = new msp.CombinedPrincipal();
  message.setPrincipalsList(parts);
  return principal(Kind.COMBINED, message.serializeBinary());
};
const anonymity = (type: number) => {
  const message = new msp.MSPIdentityAnonymity();
  message.setAnonymityType(type as 0);
  return principal(Kind.ANONYMITY, message.serializeBinary());
};

function owner(version: MspVersion, enable = true): X509Msp {
  const admins = version === '1.4.3' || version === '3.0' || !enable ? [listed.pem] : [];
  return new X509Msp(definition([root], { admins, nodeUnits: enable ? NODE_UNITS : null }), version);
}

const reasonOf = (one: X509Msp, person: Person, asked: msp.MSPPrincipal) =>
  one.deserializeIdentity(serialized(people[person])).satisfies(asked);
const satisfies = (one: X509Msp, person: Person, asked: msp.MSPPrincipal) => reasonOf(one, person, asked) === null;

/** Roles that each person has. */
const table = (one: X509Msp) =>
  Object.fromEntries(
    (Object.keys(people) as Person[]).map((person) => [
      person,
      roles.filter((name) => satisfies(one, person, role(name))).join(' '),
    ]),
  );

describe('roles', () => {
  it.each(['1.4.3', '3.0'] as const)(
    'of MSP version %s come from units, administrators also from the list',
    (version) => {
      expect(table(owner(version))).toEqual({
        client: 'member client',
        peer: 'member peer',
        admin: 'member admin',
        orderer: 'member orderer',
        nobody: '',
        listed: 'member admin client',
      });
    },
  );

  it.each(['1.4.3', '3.0', '1.3', '1.0'] as const)(
    'without units are members and listed administrators (%s)',
    (version) => {
      const plain = 'member';
      expect(table(owner(version, false))).toEqual({
        client: plain,
        peer: plain,
        admin: plain,
        orderer: plain,
        nobody: plain,
        listed: 'member admin',
      });
    },
  );

  it.each(['1.1', '1.3'] as const)('of MSP version %s know clients and peers only', (version) => {
    expect(table(owner(version))).toEqual({
      client: 'member client',
      peer: 'member peer',
      admin: '',
      orderer: '',
      nobody: '',
      listed: 'member client',
    });
  });

  it('tell in the words of Go who somebody is not', () => {
    expect(reasonOf(owner('3.0'), 'peer', role('admin'))).toBe(
      'The identity is not an admin under this MSP [OrgMSP]: The identity does not contain OU [ADMIN], MSP: [OrgMSP]',
    );
    expect(reasonOf(owner('3.0'), 'admin', role('peer'))).toBe(
      'The identity is not a [PEER] under this MSP [OrgMSP]: The identity does not contain OU [PEER], MSP: [OrgMSP]',
    );
  });

  it('are of one MSP', () => {
    expect(reasonOf(owner('3.0'), 'peer', role('peer', 'OtherMSP'))).toBe('a member of MSP OrgMSP, not of OtherMSP');
  });

  it('beyond those known are nobody’s', () => {
    const message = new msp.MSPRole();
    message.setMspIdentifier('OrgMSP');
    message.setRole(9 as 0);
    expect(reasonOf(owner('3.0'), 'peer', principal(Kind.ROLE, message.serializeBinary()))).toBe('role 9 is not known');
  });
});

describe('other principals', () => {
  const one = owner('3.0');
  const chain = Buffer.from(one.authorities.chainIdentifier(one.authorities.roots), 'hex');

  it('of an organisational unit want the chain that vouches for it as well', () => {
    expect(satisfies(one, 'peer', unit('sales', chain))).toBe(true);
    expect(satisfies(one, 'peer', unit('sales', new Uint8Array(32)))).toBe(false);
    expect(satisfies(one, 'peer', unit('marketing', chain))).toBe(false);
    expect(satisfies(one, 'peer', unit('sales', chain, 'OtherMSP'))).toBe(false);
    // Not a member, since nothing tells what kind.
    expect(reasonOf(one, 'nobody', unit('sales', chain))).toContain('tells which of client, peer, admin, orderer');
  });

  it('of an identity want just that one, in good standing', () => {
    const identity = (person: Person, mspId?: string) =>
      principal(Kind.IDENTITY, serialized(people[person], ...(mspId === undefined ? [] : [mspId])));
    expect(satisfies(one, 'peer', identity('peer'))).toBe(true);
    expect(reasonOf(one, 'peer', identity('client'))).toBe('another identity');
    expect(satisfies(one, 'nobody', identity('nobody'))).toBe(false);
    expect(satisfies(one, 'peer', identity('peer', 'OtherMSP'))).toBe(false);
    expect(satisfies(one, 'peer', principal(Kind.IDENTITY, Uint8Array.of(1, 2, 3)))).toBe(false);
  });

  it('combined want all of them, and come with MSP version 1.3', () => {
    const both = combined(role('peer'), combined(role('member'), unit('sales', chain)));
    expect([satisfies(one, 'peer', both), satisfies(one, 'client', both)]).toEqual([true, false]);
    expect(satisfies(owner('1.3'), 'peer', both)).toBe(true);
    expect(reasonOf(owner('1.1'), 'peer', both)).toContain('V1_3');
    expect(reasonOf(one, 'peer', combined())).toContain('without parts');
  });

  it('combined without end are not decided about', () => {
    let nested = role('peer');
    for (let level = 0; level < 500; level++) {
      nested = combined(nested);
    }
    expect(() => reasonOf(one, 'peer', nested)).toThrow(expect.objectContaining({ code: 'too_large' }));
  });

  it('of anonymity: a certificate names its holder', () => {
    expect(reasonOf(one, 'peer', anonymity(1))).toContain('an X.509 certificate names its holder');
    expect(satisfies(one, 'peer', anonymity(0))).toBe(true);
    expect(reasonOf(one, 'peer', anonymity(7))).toContain('not known');
    expect(reasonOf(owner('1.1'), 'peer', anonymity(0))).toContain('V1_3');
  });

  it('of kinds and bytes that nobody knows are nobody’s', () => {
    fc.assert(
      fc.property(fc.nat(8), fc.uint8Array({ maxLength: 40 }), (kind, bytes) => {
        const reason = reasonOf(one, 'peer', principal(kind, bytes));
        // Empty or unknown fields leave a principal that says "not anonymous": everybody with a certificate is that.
        expect(kind === Kind.ANONYMITY || (typeof reason === 'string' && reason.length > 0)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
