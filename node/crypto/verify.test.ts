import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Certificate } from './certificate.ts';
import { authorityExtensions, issueCertificate } from './certificateBuilder.ts';
import { DER, DerReader } from './der.ts';
import { derEncode } from '#node/protos/derEncode.ts';
import { type CurveName, encodeEcdsaSignature, isLowS, readEcdsaSignature, toLowS } from './ecdsaSignature.ts';
import { Signer } from './sign.ts';
import { verifyBatch, verifySignature, verifySignatureSync } from './verify.ts';

const ORDERS: Readonly<Record<CurveName, bigint>> = {
  'P-224': 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': 2n ** 384n - 1388124618062372383947042015309946732620727252194336364173n,
  'P-521':
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};
const CURVES = ['P-224', 'P-256', 'P-384', 'P-521'] as const;
const keys = Object.fromEntries(
  CURVES.map((curve) => [curve, generateKeyPairSync('ec', { namedCurve: curve })]),
) as unknown as Record<CurveName, { publicKey: KeyObject; privateKey: KeyObject }>;
const message = Buffer.from('a proposal response and its endorser');

const octets = (value: bigint) => {
  const hex = value.toString(16);
  return new Uint8Array(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
};
const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

function lowAndHigh(curve: CurveName): { low: Uint8Array; high: Uint8Array } {
  const low = toLowS(curve, sign('sha256', message, keys[curve].privateKey)) as Uint8Array;
  const { r, s } = readEcdsaSignature(low) as NonNullable<ReturnType<typeof readEcdsaSignature>>;
  return { low, high: encodeEcdsaSignature({ r, s: octets(ORDERS[curve] - number(s)) }) };
}

/** Both ways of asking, which must agree. */
async function verdict(key: KeyObject, signature: Uint8Array, of: Uint8Array = message): Promise<boolean> {
  const answers = [await verifySignature(key, of, signature), verifySignatureSync(key, of, signature)];
  expect(answers[0]).toBe(answers[1]);
  return answers[0] as boolean;
}

const padded = (bytes: Uint8Array) => derEncode(DER.integer, Uint8Array.of(0, 0), bytes);
const plain = (bytes: Uint8Array) => derEncode(DER.integer, Uint8Array.of(0), bytes);

describe('ECDSA', () => {
  it.each(CURVES)('%s: holds over SHA-256 with S in the lower half of the order, and only there', async (curve) => {
    const { publicKey } = keys[curve];
    const { low, high } = lowAndHigh(curve);
    expect([await verdict(publicKey, low), await verdict(publicKey, high)]).toEqual([true, false]);
    // The upper one is a signature to everybody else, and becomes the lower one.
    expect(Buffer.from(toLowS(curve, high) as Uint8Array)).toEqual(Buffer.from(low));
    expect(await verdict(publicKey, low, Buffer.from('something else'))).toBe(false);
    const { publicKey: stranger } = generateKeyPairSync('ec', { namedCurve: curve });
    expect(await verdict(stranger, low)).toBe(false);
    expect(await verdict(publicKey, sign('sha384', message, keys[curve].privateKey))).toBe(false);
  });

  it.each(CURVES)('%s: half the order is the last S that counts as low', (curve) => {
    const half = ORDERS[curve] >> 1n;
    const r = Uint8Array.of(1);
    const low = (s: bigint) => isLowS(curve, { r, s: octets(s), canonical: true });
    expect([low(1n), low(half - 1n), low(half), low(half + 1n), low(ORDERS[curve]), low(ORDERS[curve] << 64n)]).toEqual(
      [true, true, true, false, false, false],
    );
  });

  it('passes over what follows the integers, and the whole, as Go does', async () => {
    const { publicKey } = keys['P-256'];
    const { low } = lowAndHigh('P-256');
    const inner = new DerReader(low).expect(DER.sequence).content;
    expect(await verdict(publicKey, Buffer.concat([low, Uint8Array.of(1, 2, 3)]))).toBe(true);
    expect(await verdict(publicKey, derEncode(DER.sequence, inner, derEncode(DER.integer, Uint8Array.of(7))))).toBe(
      true,
    );
  });

  it('takes one encoding of numbers only', async () => {
    const { publicKey } = keys['P-256'];
    const { r, s } = readEcdsaSignature(lowAndHigh('P-256').low) as NonNullable<ReturnType<typeof readEcdsaSignature>>;
    const zero = derEncode(DER.integer, Uint8Array.of(0));
    const minus = derEncode(DER.integer, Uint8Array.of(0xff));
    const long = Buffer.concat([Uint8Array.of(0x30, 0x81), encodeEcdsaSignature({ r, s }).subarray(1)]);
    const bad = [
      derEncode(DER.sequence, padded(r), plain(s)),
      derEncode(DER.sequence, zero, plain(s)),
      derEncode(DER.sequence, plain(r), zero),
      derEncode(DER.sequence, minus, plain(s)),
      derEncode(DER.sequence, plain(r)),
      derEncode(DER.set, plain(r), plain(s)),
      long,
      new Uint8Array(0),
    ];
    expect(await Promise.all(bad.map((signature) => verdict(publicKey, signature)))).toEqual(bad.map(() => false));
  });

  it('never rejects, whatever the signature', async () => {
    const { publicKey } = keys['P-256'];
    const { low } = lowAndHigh('P-256');
    const change = fc.array(fc.tuple(fc.nat(low.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const seen = { valid: 0, invalid: 0 };
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 100 }), change), async (one) => {
        const signature = Array.isArray(one) ? Uint8Array.from(low) : one;
        for (const [at, octet] of Array.isArray(one) ? one : []) {
          signature[at] = octet;
        }
        const valid = await verdict(publicKey, signature);
        const unchanged = Buffer.compare(signature, low) === 0;
        expect(valid).toBe(unchanged);
        seen[valid ? 'valid' : 'invalid']++;
      }),
      { numRuns: 500 },
    );
    expect(seen.invalid).toBeGreaterThan(400);
  });
});

describe('other keys', () => {
  it('Ed25519 signs the message itself', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const signature = sign(null, message, privateKey);
    expect([await verdict(publicKey, signature), await verdict(publicKey, signature.subarray(1))]).toEqual([
      true,
      false,
    ]);
  });

  it('RSA and X25519 never hold: they are not of members', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(await verdict(rsa.publicKey, sign('sha256', message, rsa.privateKey))).toBe(false);
    expect(await verdict(generateKeyPairSync('x25519').publicKey, new Uint8Array(64))).toBe(false);
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    expect(await verdict(publicKey, sign('sha256', message, privateKey))).toBe(false);
  });
});

describe('verifyBatch', () => {
  it('answers in the order asked, with no more at work at once than allowed', async () => {
    const { publicKey } = keys['P-256'];
    const { low, high } = lowAndHigh('P-256');
    const wanted = Array.from({ length: 50 }, (_, index) => index % 3 !== 0);
    let asked = 0;
    let answered = 0;
    let most = 0;
    function* requests() {
      for (const good of wanted) {
        asked++;
        most = Math.max(most, asked - answered);
        yield { key: publicKey, message, signature: good ? low : high };
        answered++;
      }
    }
    expect(await verifyBatch(requests(), { inFlight: 4 })).toEqual(wanted);
    expect(asked).toBe(50);
    expect(most).toBeLessThanOrEqual(4);
    expect(await verifyBatch([])).toEqual([]);
  });
});

const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' });

describe('Signer', () => {
  const { privateKey } = keys['P-256'];
  const certificate = issueCertificate(
    {
      commonName: 'signer',
      serialNumber: Uint8Array.of(1),
      notBefore: new Date('2024-01-01T00:00:00Z'),
      notAfter: new Date('2060-01-01T00:00:00Z'),
      key: privateKey,
      extensions: authorityExtensions(privateKey),
    },
    { certificate: null, privateKey },
  );

  function make(keyPem: string, certificatePem = certificate.pem): Signer {
    return new Signer({ mspId: 'X', keyPem, certificatePem });
  }

  it('makes signatures with S in the lower half, on either thread', async () => {
    const signer = new Signer({ mspId: 'Org1MSP', keyPem: pemOf(privateKey), certificatePem: certificate.pem });
    const made = [
      ...(await Promise.all(Array.from({ length: 20 }, () => signer.sign(message)))),
      ...Array.from({ length: 20 }, () => signer.signSync(message)),
    ];
    const low = made.map((one) =>
      isLowS('P-256', readEcdsaSignature(one) as NonNullable<ReturnType<typeof readEcdsaSignature>>),
    );
    expect(new Set(low)).toEqual(new Set([true]));
    const key = createPublicKey(privateKey);
    expect(await verifyBatch(made.map((signature) => ({ key, message, signature })))).toEqual(made.map(() => true));
    expect(certificate.notAfter.toISOString()).toBe('2060-01-01T00:00:00.000Z');
  });

  it('wants the key of its certificate', () => {
    expect(() => make(pemOf(keys['P-384'].privateKey))).toThrow(expect.objectContaining({ code: 'key_mismatch' }));
    expect(() => make(pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey))).toThrow(
      expect.objectContaining({ code: 'unsupported_key' }),
    );
    expect(() => make('no key')).toThrow(expect.objectContaining({ name: 'CryptoError', code: 'unsupported_key' }));
    expect(() => make(pemOf(privateKey), 'no certificate')).toThrow(
      expect.objectContaining({ code: 'malformed_certificate' }),
    );
  });

  it('takes a certificate for what node:crypto takes it for', () => {
    const again = Certificate.fromDer(certificate.raw);
    expect([again.equals(certificate), again.isCa, again.keyKind, again.subject.commonName]).toEqual([
      true,
      true,
      'P-256',
      'signer',
    ]);
    expect(again.signedBy(certificate)).toBe(true);
  });
});
