import { msp } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { Certificate } from '#node/crypto/certificate.ts';
import { encodePem } from '#node/crypto/pem.ts';
import { keyUsageExtension, subjectKeyIdentifierExtension } from '#node/crypto/certificateBuilder.ts';
import { DER } from '#node/crypto/der.ts';
import { derEncode } from '#node/protos/derEncode.ts';
import { Signer } from '#node/crypto/sign.ts';
import { MspError } from './mspError.ts';
import { MspManager } from './mspManager.ts';
import { mspConfigOf } from './mspDefinition.ts';
import {
  type Algorithm,
  authority,
  definition,
  type Holder,
  issue,
  makeKey,
  NODE_UNITS,
  revocationList,
  setup,
  verdict,
} from './testAuthority.ts';

const root = authority('root');
const peer = issue(root, { name: 'peer0', units: ['peer'] });

/** The error that setting up such an MSP ends in. */
function codeOf(...args: Parameters<typeof setup>): string {
  try {
    setup(...args);
    return 'none';
  } catch (error) {
    return error instanceof MspError ? error.code : String(error);
  }
}

/** The same certificate with other octets somewhere; nobody signed that, but a root vouches for itself. */
function altered(holder: Holder, from: string, to: string): Holder {
  const der = Certificate.fromPem(holder.pem).raw;
  const hex = Buffer.from(der).toString('hex').replace(from, to);
  return { ...holder, pem: Buffer.from(encodePem('CERTIFICATE', Buffer.from(hex, 'hex'))) };
}

describe('setting up an MSP', () => {
  const key = makeKey();
  it('refuses authorities that are none', () => {
    expect(codeOf([])).toBe('bad_config');
    expect(codeOf([peer])).toBe('untrusted');
    expect(codeOf([{ ...root, pem: Buffer.from('no certificate') }])).toBe('bad_config');
    expect(codeOf([root], { intermediateCerts: [issue(authority('stranger'), { ca: true }).pem] })).toBe('untrusted');
    expect(codeOf([root], { intermediateCerts: [peer.pem] })).toBe('bad_config');
    const isCa = {
      oid: '2.5.29.19',
      critical: true,
      value: derEncode(DER.sequence, derEncode(DER.boolean, Uint8Array.of(255))),
    };
    expect(codeOf([authority('no key identifier', { extensions: [isCa] })])).toBe('bad_config');
    expect(
      codeOf([
        authority('may not sign', {
          key,
          extensions: [isCa, subjectKeyIdentifierExtension(key), keyUsageExtension(1)],
        }),
      ]),
    ).toBe('untrusted');
  });

  it('refuses TLS authorities that are none', () => {
    const tls = authority('tls');
    const middle = issue(tls, { ca: true });
    expect(setup([root], { tlsRootCerts: [tls.pem], tlsIntermediateCerts: [middle.pem] }).tlsRoots).toHaveLength(1);
    expect(codeOf([root], { tlsRootCerts: [peer.pem] })).toBe('bad_config');
    expect(codeOf([root], { tlsRootCerts: [tls.pem], tlsIntermediateCerts: [issue(root, { ca: true }).pem] })).toBe(
      'untrusted',
    );
  });

  it('refuses authorities with keys of kinds that nobody knows, but for TLS', () => {
    // Another algorithm than that of elliptic curves, and another curve.
    const unknownKey = altered(root, '2a8648ce3d0201', '2a8648ce3d0202');
    const unknownCurve = altered(root, '2a8648ce3d030107', '2a8648ce3d030108');
    expect(codeOf([unknownKey])).toBe('bad_config');
    expect(codeOf([root], { intermediateCerts: [unknownKey.pem] })).toBe('bad_config');
    expect(setup([root], { tlsRootCerts: [unknownKey.pem] }).tlsRoots[0]?.keyKind).toBeNull();
    expect(codeOf([root], { tlsRootCerts: [unknownCurve.pem] })).toBe('bad_config');
    expect(verdict(setup([root]), unknownKey)).toBe('unsupported_key');
  });

  it('takes a hash family that nobody knows, with which no ECDSA signature holds', async () => {
    const owner = setup([root], { signatureHashFamily: 'MD5' });
    const message = Buffer.from('m');
    const signedBy = (holder: Holder): Promise<boolean> => {
      const signer = new Signer({
        mspId: 'OrgMSP',
        certificatePem: holder.pem,
        keyPem: holder.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      });
      return owner.deserializeIdentity(signer.identity).verify(message, signer.signSync(message));
    };
    expect(await signedBy(peer)).toBe(false);
    expect(await signedBy(issue(root, { units: ['peer'], algorithm: 'Ed25519' }))).toBe(true);
  });

  it('refuses hash functions of identifiers that nobody knows, and takes those that Fabric knows', async () => {
    expect(codeOf([root], { identifierHash: 'SHA1' })).toBe('bad_config');
    const owner = setup([root], { signatureHashFamily: 'SHA3', identifierHash: 'SHA384' });
    const signer = new Signer({
      mspId: 'OrgMSP',
      certificatePem: peer.pem,
      keyPem: peer.privateKey.export({ type: 'sec1', format: 'pem' }),
      digest: 'sha3-256',
    });
    const identity = owner.deserializeIdentity(signer.identity);
    expect(identity.id).toHaveLength(96);
    const message = Buffer.from('m');
    expect(await identity.verify(message, await signer.sign(message))).toBe(true);
    expect(await setup([root]).deserializeIdentity(signer.identity).verify(message, signer.signSync(message))).toBe(
      false,
    );
  });

  it('refuses idemix with a clear error, and two definitions of one MSP', () => {
    const idemix = new msp.MSPConfig();
    idemix.setType(1);
    expect(() => MspManager.fromConfigs([idemix])).toThrow(
      expect.objectContaining({ code: 'unsupported_type', message: expect.stringContaining('idemix') as string }),
    );
    const one = mspConfigOf(definition([root]));
    expect(MspManager.fromConfigs([one, one]).msps).toHaveLength(1);
    expect(() => MspManager.fromConfigs([one, mspConfigOf(definition([authority('other')]))])).toThrow(
      expect.objectContaining({ code: 'conflicting_definition' }),
    );
    const broken = new msp.MSPConfig();
    broken.setConfig(Uint8Array.of(0x0a, 0xff));
    expect(() => MspManager.fromConfigs([broken])).toThrow(expect.objectContaining({ code: 'bad_config' }));
  });

  it('wants administrators listed where no unit tells who is one, and listed ones to be members', () => {
    const admin = issue(root, { units: ['client'] });
    expect(codeOf([root], { nodeUnits: null })).toBe('bad_config');
    expect(codeOf([root], { nodeUnits: { ...NODE_UNITS, admin: null } })).toBe('bad_config');
    expect(codeOf([root], { admins: [peer.pem] })).toBe('bad_config');
    expect(codeOf([root], { nodeUnits: null, admins: [issue(authority('x')).pem] })).toBe('untrusted');
    expect(
      codeOf([root], {
        nodeUnits: null,
        admins: [admin.pem],
        revocationLists: [revocationList(root, [admin])],
      }),
    ).toBe('bad_config');
    expect(setup([root], { nodeUnits: null, admins: [admin.pem] }).admins).toHaveLength(1);
    expect(setup([root], { admins: [admin.pem, issue(root, { units: ['admin'] }).pem] }).admins).toHaveLength(2);
    // Before 1.4.3 nobody had to be listed, and those listed had to be clients.
    expect(setup([root], { nodeUnits: null }, '1.3').admins).toHaveLength(0);
    expect(codeOf([root], { admins: [issue(root, { units: ['admin'] }).pem] }, '1.3')).toBe('bad_config');
    expect(codeOf([root], { nodeUnits: { ...NODE_UNITS, peer: null } }, '1.1')).toBe('bad_config');
  });
});

describe('revocation', () => {
  const other = issue(root, { units: ['peer'] });

  it('is by serial number and by the key of the authority, from the moment the list is configured', () => {
    const owner = setup([root], { revocationLists: [revocationList(root, [peer])] });
    expect([verdict(owner, peer), verdict(owner, other)]).toEqual(['revoked', null]);
  });

  it('takes lists as PEM', () => {
    const text = Buffer.from(revocationList(root, [peer]))
      .toString('base64')
      .replaceAll(/(.{64})/g, '$1\n');
    const pem = Buffer.from(`-----BEGIN X509 CRL-----\n${text}\n-----END X509 CRL-----\n`);
    expect(verdict(setup([root], { revocationLists: [pem] }), peer)).toBe('revoked');
  });

  it('passes over lists that somebody else signed in the name of the authority', () => {
    const forged = revocationList({ certificate: root.certificate, privateKey: makeKey() }, [peer]);
    expect(verdict(setup([root], { revocationLists: [forged] }), peer)).toBeNull();
  });

  it("is not another authority's to say", () => {
    const stranger = authority('root');
    expect(verdict(setup([root], { revocationLists: [revocationList(stranger, [peer])] }), peer)).toBeNull();
  });

  it('of an intermediate authority makes the MSP unusable', () => {
    const middle = issue(root, { ca: true });
    expect(() =>
      setup([root], { intermediateCerts: [middle.pem], revocationLists: [revocationList(root, [middle])] }),
    ).toThrow(expect.objectContaining({ code: 'revoked' }));
  });

  it('by a list without the key identifier of its authority makes everybody invalid, as in Fabric', () => {
    expect(verdict(setup([root], { revocationLists: [revocationList(root, [peer], [])] }), other)).toBe('bad_crl');
  });

  it.each([
    ['garbage', Buffer.from('garbage')],
    ['a certificate', root.certificate.raw],
    ['a list with octets after it', Buffer.concat([revocationList(root, []), Uint8Array.of(0)])],
  ])('refuses %s for a list', (_, bytes) => {
    expect(() => setup([root], { revocationLists: [bytes] })).toThrow(expect.objectContaining({ code: 'bad_crl' }));
  });
});

describe('organisational units', () => {
  const algorithm: Algorithm = 'P-256';
  const withUnits = (...units: string[]) => issue(root, { units, algorithm });

  it('tell one kind of member, and only one', () => {
    const owner = setup([root]);
    expect(['client', 'peer', 'admin', 'orderer'].map((name) => verdict(owner, withUnits(name)))).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(verdict(owner, withUnits('sales', 'peer'))).toBeNull();
    expect([verdict(owner, withUnits()), verdict(owner, withUnits('sales'))]).toEqual(['wrong_unit', 'wrong_unit']);
    expect(verdict(owner, withUnits('peer', 'client'))).toBe('wrong_unit');
    // Before 1.4.3 there were two kinds.
    expect([
      verdict(setup([root], {}, '1.3'), withUnits('peer')),
      verdict(setup([root], {}, '1.3'), withUnits('admin')),
    ]).toEqual([null, 'wrong_unit']);
    expect(verdict(setup([root], {}, '1.0'), withUnits('sales'))).toBeNull();
  });

  it('can be tied to an authority', () => {
    const second = authority('second');
    const nodeUnits = { ...NODE_UNITS, peer: { name: 'peer', certificate: root.pem } };
    const owner = setup([root, second], { nodeUnits });
    expect([verdict(owner, peer), verdict(owner, issue(second, { units: ['peer'] }))]).toEqual([null, 'wrong_unit']);
    expect(verdict(owner, issue(second, { units: ['client'] }))).toBeNull();
    const stranger = { ...NODE_UNITS, peer: { name: 'peer', certificate: authority('stranger').pem } };
    expect(() => setup([root], { nodeUnits: stranger })).toThrow(expect.objectContaining({ code: 'bad_config' }));
  });

  it('can be asked of every member', () => {
    const middle = issue(root, { name: 'middle', ca: true });
    const more = { intermediateCerts: [middle.pem], units: [{ name: 'sales', certificate: middle.pem }] };
    const owner = setup([root], more);
    const sales = issue(middle, { units: ['sales', 'client'] });
    expect([verdict(owner, sales), verdict(owner, issue(middle, { units: ['client'] }))]).toEqual([null, 'wrong_unit']);
    expect(verdict(owner, issue(middle))).toBe('wrong_unit');
  });
});
