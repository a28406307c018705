import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Certificate } from '#node/crypto/certificate.ts';
import { CryptoError } from '#node/crypto/cryptoError.ts';
import { RevocationList } from '#node/crypto/revocationList.ts';
import { encodePem } from '#node/crypto/pem.ts';
import { MspManager } from './mspManager.ts';
import { mspConfigOf } from './mspDefinition.ts';
import { MspError } from './mspError.ts';
import { authority, definition, issue, revocationList, serialized } from './testAuthority.ts';
import { vendoredChannel } from './testChannel.ts';
import { X509Msp } from './x509Msp.ts';

const root = authority('root');
const peer = issue(root, { name: 'peer0', units: ['peer'] });
const owner = new X509Msp(definition([root]), '3.0');

const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
function changed(bytes: Uint8Array, edits: readonly (readonly [number, number])[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (const [at, octet] of edits) {
    copy[at % copy.length] = octet;
  }
  return copy;
}

/** Code of what went wrong; null if nothing. Anything but an error of ours fails the test. */
function codeOf(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof MspError || error instanceof CryptoError) {
      return error.code;
    }
    throw error;
  }
}

describe('hostile identities', () => {
  const valid = serialized(peer);

  it('answer or throw MspError when octets are changed', () => {
    const met = new Set<string | null>();
    fc.assert(
      fc.property(changes, (edits) => {
        met.add(codeOf(() => owner.deserializeIdentity(changed(valid, edits)).validate()));
      }),
      { numRuns: 3000 },
    );
    expect([...met]).toEqual(expect.arrayContaining(['bad_pem', 'bad_certificate', 'unknown_msp']));
  });

  it('are never members once a certificate is changed, except in what no signature covers', () => {
    const tbs = peer.certificate.raw.subarray(0, peer.certificate.raw.length - 75);
    fc.assert(
      fc.property(changes, (edits) => {
        const der = Buffer.concat([changed(tbs, edits), peer.certificate.raw.subarray(tbs.length)]);
        const same = Buffer.compare(der, peer.certificate.raw) === 0;
        const code = codeOf(() =>
          owner.deserializeIdentity(serialized({ pem: Buffer.from(encodePem('CERTIFICATE', der)) })).validate(),
        );
        expect(code === null).toBe(same);
      }),
      { numRuns: 3000 },
    );
  });

  it('answer or throw when cut off, and when they are nothing of the kind', () => {
    for (let length = 0; length < valid.length; length += 3) {
      expect(codeOf(() => owner.deserializeIdentity(valid.subarray(0, length)))).not.toBeNull();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(codeOf(() => owner.deserializeIdentity(bytes))).not.toBeNull();
        const pem = Buffer.from(encodePem('CERTIFICATE', bytes));
        expect(codeOf(() => owner.deserializeIdentity(serialized({ pem })))).toBe('bad_certificate');
      }),
      { numRuns: 500 },
    );
  });

  it('of any size are answered, and those too large not kept', () => {
    const { cacheSize } = owner;
    const huge = { pem: Buffer.concat([peer.pem, Buffer.alloc(1_000_000, 0x41)]) };
    expect(codeOf(() => owner.deserializeIdentity(serialized(huge)))).toBeNull();
    const certificate = { pem: Buffer.from(encodePem('CERTIFICATE', Buffer.alloc(70_000, 0x30))) };
    expect(codeOf(() => owner.deserializeIdentity(serialized(certificate)))).toBe('bad_certificate');
    expect(owner.cacheSize).toBe(cacheSize);
  });

  it('do not fill the memory: only so many are kept', () => {
    const fresh = new X509Msp(definition([root]), '3.0');
    for (let index = 0; index < 2_100; index++) {
      codeOf(() => fresh.deserializeIdentity(serialized({ pem: Buffer.from(`no certificate ${index}`) })));
    }
    expect(fresh.cacheSize).toBe(2_000);
    expect(codeOf(() => fresh.deserializeIdentity(valid).validate())).toBeNull();
  });

  it('of an MSP that a channel does not have are refused', () => {
    const { msps } = vendoredChannel('v3.1.5');
    expect(codeOf(() => msps.deserializeIdentity(valid))).toBe('unknown_msp');
    expect(codeOf(() => msps.deserializeIdentity(serialized(peer, 'Org1MSP')))).toBe('untrusted');
  });
});

describe('hostile configurations', () => {
  it('set an MSP up or throw MspError when octets are changed', () => {
    const config = mspConfigOf(definition([root], { revocationLists: [revocationList(root, [peer])] }));
    const bytes = config.getConfig_asU8();
    const met = new Set<string | null>();
    fc.assert(
      fc.property(changes, (edits) => {
        const damaged = mspConfigOf(definition([root]));
        damaged.setConfig(changed(bytes, edits));
        met.add(codeOf(() => MspManager.fromConfigs([damaged])));
      }),
      { numRuns: 1000 },
    );
    expect([...met]).toEqual(expect.arrayContaining(['bad_config', 'bad_crl']));
  });

  it('certificates and revocation lists can be read or cannot', () => {
    const list = revocationList(root, [peer]);
    fc.assert(
      fc.property(changes, fc.nat(), (edits, end) => {
        for (const bytes of [peer.certificate.raw, root.certificate.raw]) {
          codeOf(() => Certificate.fromDer(changed(bytes, edits)));
          codeOf(() => Certificate.fromDer(changed(bytes, edits).subarray(0, end % bytes.length)));
        }
        codeOf(() => RevocationList.parse(changed(list, edits)));
        expect(codeOf(() => RevocationList.parse(list.subarray(0, end % list.length)))).toBe('malformed_crl');
      }),
      { numRuns: 2000 },
    );
  });
});
