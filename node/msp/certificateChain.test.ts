import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Certificate } from '#node/crypto/certificate.ts';
import { extendedKeyUsageExtension } from '#node/crypto/certificateBuilder.ts';
import { DER, DerReader } from '#node/crypto/der.ts';
import { derEncode } from '#node/protos/derEncode.ts';
import { encodeEcdsaSignature, readEcdsaSignature } from '#node/crypto/ecdsaSignature.ts';
import { Signer } from '#node/crypto/sign.ts';
import { authority, definition, type Holder, issue, makeKey, setup, serialized, verdict } from './testAuthority.ts';
import { X509Msp } from './x509Msp.ts';

const root = authority('root');
const peer = issue(root, { name: 'peer0', units: ['peer'] });

const subtree = (tag: number, dns: string) =>
  derEncode(tag, derEncode(DER.sequence, derEncode(0x82, Buffer.from(dns))));
const names = (...list: string[]) => ({
  oid: '2.5.29.17',
  critical: false,
  value: derEncode(DER.sequence, ...list.map((dns) => derEncode(0x82, Buffer.from(dns)))),
});

describe('chains', () => {
  it('lead from a member over intermediates to a root', () => {
    const middle = issue(root, { name: 'middle', ca: true });
    const leaf = issue(middle, { units: ['peer'] });
    const owner = setup([root], { intermediateCerts: [middle.pem] });
    expect(verdict(owner, leaf)).toBeNull();
    expect(verdict(setup([root]), leaf)).toBe('untrusted');
    expect(verdict(setup([root]), peer)).toBeNull();
    // An authority with authorities below it does not vouch for members.
    expect(verdict(owner, peer)).toBe('untrusted');
  });

  it.each([
    ['P-256', 'P-384'],
    ['P-384', 'P-256'],
    ['RSA', 'P-256'],
    ['Ed25519', 'Ed25519'],
    ['RSA', 'Ed25519'],
  ] as const)('of %s authorities and %s members', async (ca, member) => {
    const top = authority('top', { algorithm: ca });
    const holder = issue(top, { units: ['client'], algorithm: member });
    const owner = setup([top]);
    expect(verdict(owner, holder)).toBeNull();
    // Node's own verifier agrees that the certificate is what we made it.
    expect(new X509Certificate(holder.pem).verify(new X509Certificate(top.pem).publicKey)).toBe(true);
    const signer = new Signer({
      mspId: 'OrgMSP',
      certificatePem: holder.pem,
      keyPem: holder.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    });
    const message = Buffer.from('what was agreed');
    const identity = owner.deserializeIdentity(signer.identity);
    expect(await identity.verify(message, await signer.sign(message))).toBe(true);
    expect(await identity.verify(Buffer.from('what was not'), signer.signSync(message))).toBe(false);
  });

  it('take Ed25519 only with channel capability V3_0, and RSA never', async () => {
    const [ed, rsa] = (['Ed25519', 'RSA'] as const).map((algorithm) => issue(root, { units: ['peer'], algorithm })) as [
      Holder,
      Holder,
    ];
    expect([verdict(setup([root], {}, '1.4.3'), ed), verdict(setup([root]), ed)]).toEqual(['unsupported_key', null]);
    expect(verdict(setup([root]), rsa)).toBe('unsupported_key');
    expect(await setup([root]).deserializeIdentity(serialized(rsa)).verify(Buffer.from('x'), Buffer.alloc(256))).toBe(
      false,
    );
  });

  it('end at strangers, even of the same name', () => {
    const stranger = authority('root');
    expect(verdict(setup([root]), issue(stranger, { units: ['peer'] }))).toBe('untrusted');
    expect(verdict(setup([root]), issue(authority('other'), { units: ['peer'] }))).toBe('untrusted');
    expect(verdict(setup([root]), issue(null, { ca: false, extensions: [], units: ['peer'] }))).toBe('untrusted');
  });

  it('may not be two', () => {
    const key = makeKey();
    const middle = issue(root, { name: 'middle', ca: true, key });
    const again = issue(root, { name: 'middle', ca: true, key });
    const owner = () => setup([root], { intermediateCerts: [middle.pem, again.pem] });
    expect(verdict(owner(), issue(middle, { units: ['peer'] }))).toBe('ambiguous_chain');
    // The same one listed twice is one.
    const twice = setup([root], { intermediateCerts: [middle.pem, middle.pem] });
    expect(verdict(twice, issue(middle, { units: ['peer'] }))).toBeNull();
  });

  it('are as long as authorities allow', () => {
    const top = authority('top', { maxPathLength: 1 });
    const one = issue(top, { name: 'one', ca: true });
    const two = issue(one, { name: 'two', ca: true });
    const owner = setup([top], { intermediateCerts: [one.pem] });
    expect(verdict(owner, issue(one, { units: ['peer'] }))).toBeNull();
    const deep = setup([top], { intermediateCerts: [one.pem, two.pem] });
    expect(verdict(deep, issue(two, { units: ['peer'] }))).toBe('untrusted');
  });

  it('do not depend on the clock: expired members stay members, unless a time is asked about', () => {
    const holder = issue(root, { units: ['peer'], notAfter: new Date('2024-02-01T00:00:00Z') });
    const owner = setup([root]);
    expect(verdict(owner, holder)).toBeNull();
    const identity = owner.deserializeIdentity(serialized(holder));
    identity.validate(new Date('2024-01-31T00:00:00Z'));
    expect(() => identity.validate(new Date('2024-02-02T00:00:00Z'))).toThrow(
      expect.objectContaining({ code: 'expired' }),
    );
    expect(identity.expiresAt.toISOString()).toBe('2024-02-01T00:00:00.000Z');
  });

  it('do depend on authorities being valid when the certificate starts', () => {
    expect(verdict(setup([root]), issue(root, { units: ['peer'], notBefore: new Date('2020-01-01T00:00:00Z') }))).toBe(
      'untrusted',
    );
    const short = authority('short', { notAfter: new Date('2024-03-01T00:00:00Z') });
    const late = { units: ['peer'], notBefore: new Date('2024-03-02T00:00:00Z') };
    expect(verdict(setup([short]), issue(short, late))).toBe('untrusted');
  });

  it('need certificates made for it', () => {
    const owner = setup([root]);
    const usage = (...oids: string[]) => issue(root, { units: ['peer'], more: [extendedKeyUsageExtension(oids)] });
    // Go asks for a TLS server where nothing else is said, and Fabric says nothing.
    expect(verdict(owner, usage('1.3.6.1.5.5.7.3.2'))).toBe('untrusted');
    expect(verdict(owner, usage('1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'))).toBeNull();
    expect(verdict(owner, usage('2.5.29.37.0'))).toBeNull();
    const critical = (oid: string) =>
      issue(root, { units: ['peer'], more: [{ oid, critical: true, value: Uint8Array.of(5, 0) }] });
    expect(verdict(owner, critical('1.2.3.4'))).toBe('untrusted');
    expect(verdict(owner, issue(root, { units: ['peer'], ca: true }))).toBe('ca_as_identity');
  });

  it('hold names to what authorities may name', () => {
    const value = derEncode(DER.sequence, subtree(0xa0, 'org1.example.com'), subtree(0xa1, 'bad.org1.example.com'));
    const narrow = authority('narrow', { more: [{ oid: '2.5.29.30', critical: true, value }] });
    const owner = setup([narrow]);
    const named = (...list: string[]) => verdict(owner, issue(narrow, { units: ['peer'], more: [names(...list)] }));
    expect([named('peer0.org1.example.com'), named('org1.example.com')]).toEqual([null, null]);
    expect([named('peer0.org2.example.com'), named('x.bad.org1.example.com'), named('xorg1.example.com')]).toEqual(
      Array.from({ length: 3 }, () => 'untrusted'),
    );
    // Without alternative names, a common name that could be a host's is refused, as in Go 1.14.
    expect(verdict(owner, issue(narrow, { name: 'peer0.org1.example.com', units: ['peer'] }))).toBe('untrusted');
    expect(verdict(owner, issue(narrow, { name: 'peer 0', units: ['peer'] }))).toBeNull();
  });

  it('know a certificate with its signature in either form for one and the same', () => {
    const twin = withHighS(peer.certificate, 'P-256');
    expect(twin.fingerprint).not.toBe(peer.certificate.fingerprint);
    const owner = setup([root]);
    const [one, other] = [peer, twin].map((holder) => owner.deserializeIdentity(serialized(holder))) as [
      ReturnType<typeof owner.deserializeIdentity>,
      ReturnType<typeof owner.deserializeIdentity>,
    ];
    expect(other.id).toBe(one.id);
    expect(other.id).toBe(peer.certificate.fingerprint);
    // Authorities too.
    const highRoot = withHighS(root.certificate, 'P-256');
    const { roots } = new X509Msp(definition([{ ...root, pem: Buffer.from(highRoot.pem) }]), '3.0').authorities;
    expect(roots[0]?.fingerprint).toBe(root.certificate.fingerprint);
  });
});

/** The other signature that holds for the same message: S and the order less S are as good as each other to ECDSA. */
function withHighS(certificate: Certificate, curve: 'P-256'): Certificate {
  const order = { 'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n }[curve];
  const signature = readEcdsaSignature(certificate.signature);
  const s = (order - BigInt(`0x${Buffer.from(signature?.s ?? []).toString('hex')}`)).toString(16).padStart(64, '0');
  const high = encodeEcdsaSignature({ r: signature?.r as Uint8Array, s: Buffer.from(s, 'hex') });
  const parts = new DerReader(certificate.raw).sequence();
  const [tbs, algorithm] = [parts.next(), parts.next()];
  const bits = derEncode(DER.bitString, Uint8Array.of(0), high);
  return Certificate.fromDer(derEncode(DER.sequence, tbs.raw, algorithm.raw, bits));
}
