import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { toLowS } from './ecdsaSignature.ts';
import { VerificationThreads } from './verificationThreads.ts';
import { startVerificationThreads, verifyBatch, type VerifyRequest, verifySignature } from './verify.ts';

let stop: (() => Promise<void>) | null = null;
afterEach(async () => {
  await stop?.();
  stop = null;
});

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signer = pair();

/** Request `index` holds, unless it is one of each seven. */
function requests(
  count: number,
  keys: readonly { privateKey: KeyObject; publicKey: KeyObject }[] = [signer],
): VerifyRequest[] {
  return Array.from({ length: count }, (_, index) => {
    const { privateKey, publicKey } = keys[index % keys.length] as (typeof keys)[number];
    const message = Buffer.alloc(10 + ((index * 7919) % 4000), index);
    const signature = toLowS('P-256', sign('sha256', message, privateKey)) as Uint8Array;
    if (index % 7 === 3) {
      message[0] = (message[0] as number) ^ 1;
    }
    return { key: publicKey, message, signature };
  });
}

const expected = (count: number): boolean[] => Array.from({ length: count }, (_, index) => index % 7 !== 3);

describe('verification threads', () => {
  it('say of each signature what one thread says, in batches of any size', async () => {
    stop = startVerificationThreads(2);
    for (const count of [1, 5, 6, 31, 32, 33, 500]) {
      expect(await verifyBatch(requests(count), { inFlight: 200 })).toEqual(expected(count));
    }
  });

  it('check Ed25519, other digests, garbage, and messages too large for their memory', async () => {
    stop = startVerificationThreads(1);
    const ed = generateKeyPairSync('ed25519');
    const message = Buffer.from('message');
    const large = Buffer.alloc(1_000_000, 5);
    const low = (data: Uint8Array, digest: 'sha256' | 'sha3-256') =>
      toLowS('P-256', sign(digest, data, signer.privateKey)) as Uint8Array;
    const many: [VerifyRequest, boolean][] = [
      [{ key: ed.publicKey, message, signature: sign(null, message, ed.privateKey) }, true],
      [{ key: ed.publicKey, message: large, signature: sign(null, message, ed.privateKey) }, false],
      [{ key: signer.publicKey, message, signature: low(message, 'sha3-256'), digest: 'sha3-256' }, true],
      [{ key: signer.publicKey, message, signature: low(message, 'sha3-256') }, false],
      [{ key: signer.publicKey, message: large, signature: low(large, 'sha256') }, true],
      [{ key: signer.publicKey, message, signature: Buffer.from('garbage') }, false],
      [{ key: signer.publicKey, message, signature: new Uint8Array(0) }, false],
      [{ key: signer.publicKey, message: new Uint8Array(0), signature: low(new Uint8Array(0), 'sha256') }, true],
    ];
    const repeated = Array.from({ length: 8 }, () => many).flat();
    const results = await verifyBatch(
      repeated.map(([request]) => request),
      { inFlight: 64 },
    );
    expect(results).toEqual(repeated.map(([, valid]) => valid));
  });

  it('leave one signature by itself to the thread that asks, unless that would take long', async () => {
    const here: number[] = [];
    const threads = new VerificationThreads(
      { threads: 1 },
      {
        alone: () => Promise.reject(new Error('nothing here is too large')),
        here: ({ message }) => (here.push(message.length) < 3 ? true : null),
      },
    );
    stop = () => threads.stop();
    const [first, second, ...others] = requests(9) as [VerifyRequest, VerifyRequest, ...VerifyRequest[]];
    expect(await threads.verify(first)).toBe(true);
    expect(await threads.verify({ ...second, signature: new Uint8Array(0) })).toBe(true);
    expect(await threads.verify({ ...second, signature: new Uint8Array(0) })).toBe(false);
    expect(here).toHaveLength(3);
    expect(await Promise.all(others.map((one) => threads.verify(one)))).toEqual(expected(9).slice(2));
    expect(here).toHaveLength(3);
  });

  it('keep keys apart, more of them than fit into an arena', async () => {
    stop = startVerificationThreads(2);
    const keys = Array.from({ length: 100 }, pair);
    expect(await verifyBatch(requests(700, keys), { inFlight: 300 })).toEqual(expected(700));
  });

  it('when they end, what was asked for is answered without them', async () => {
    const threads = new VerificationThreads(
      { threads: 2 },
      { alone: ({ key, message, signature }) => verifySignature(key, message, signature) },
    );
    const asked = requests(300).map((request) => threads.verify(request));
    await new Promise((resolve) => setImmediate(resolve));
    await threads.stop();
    expect(await Promise.all(asked)).toEqual(expected(300));
    expect(threads.isRunning).toBe(false);
    expect(await Promise.all(requests(20).map((request) => threads.verify(request)))).toEqual(expected(20));
  });
});
