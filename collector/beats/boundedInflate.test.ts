import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedInflate } from './boundedInflate.ts';

async function inflate(pieces: readonly Buffer[], maxBytes = 1e9): Promise<Buffer> {
  const engine = new BoundedInflate(maxBytes);
  const parts: Buffer[] = [];
  try {
    for (const [index, piece] of pieces.entries()) {
      for await (const chunk of engine.take(piece, index === pieces.length - 1)) parts.push(Buffer.from(chunk));
    }
  } finally {
    engine.close();
  }
  return Buffer.concat(parts);
}

describe('BoundedInflate', () => {
  it('gives back what was compressed, in whatever pieces it comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(300_000),
        fc.boolean(),
        fc.array(fc.nat(400_000), { maxLength: 6 }),
        async (size, noise, places) => {
          const content = noise ? randomBytes(size) : Buffer.alloc(size, 'a line of a log ');
          const packed = deflateSync(content);
          const sorted = places.map((place) => place % packed.length).toSorted((a, b) => a - b);
          const pieces = [0, ...sorted].map((start, index) => packed.subarray(start, sorted[index] ?? packed.length));
          expect((await inflate(pieces)).equals(content)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('stops a frame that becomes too much long before all of it is there', async () => {
    const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    const engine = new BoundedInflate(1024 * 1024);
    let taken = 0;
    const work = async () => {
      for await (const chunk of engine.take(bomb, true)) taken += chunk.length;
    };
    await expect(work()).rejects.toMatchObject({ code: 'too_large' });
    engine.close();
    expect(taken).toBe(1024 * 1024);
  });

  it('tells whoever is taking when it is closed', async () => {
    const engine = new BoundedInflate(1e9);
    const work = async () => {
      for await (const chunk of engine.take(deflateSync(randomBytes(3_000_000)), true)) {
        expect(chunk.length).toBeGreaterThan(0);
        engine.close();
      }
    };
    await expect(work()).rejects.toMatchObject({ code: 'bad_compression' });
  });

  it.each([
    ['cut off', (packed: Buffer) => packed.subarray(0, packed.length - 3)],
    ['altered', (packed: Buffer) => Buffer.concat([packed.subarray(0, -1), Buffer.of(packed.at(-1)! ^ 1)])],
    ['no zlib at all', () => Buffer.from('plain text')],
    ['followed by something else', (packed: Buffer) => Buffer.concat([packed, Buffer.from('more')])],
  ])('refuses a frame that is %s', async (_, spoil) => {
    const packed = deflateSync(randomBytes(5000));
    await expect(inflate([spoil(packed)])).rejects.toMatchObject({ code: 'bad_compression' });
  });
});
