import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { GzipReader } from './contentReader.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-gzip-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const text = Array.from({ length: 20_000 }, (_, index) => `line ${index} ${(index * 7919) % 104729}\n`).join('');
const packed = gzipSync(text);

async function read(bytes: Buffer, skip = 0): Promise<{ content: string; error: unknown }> {
  const path = join(folder, 'content.gz');
  writeFileSync(path, bytes);
  const reader = await GzipReader.open(path, skip);
  const parts: Buffer[] = [];
  let error: unknown;
  try {
    for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) parts.push(Buffer.from(chunk));
  } catch (thrown) {
    error = thrown;
  }
  await reader.close();
  return { content: Buffer.concat(parts).toString(), error };
}

describe('GzipReader', () => {
  it('reads members one after another', async () => {
    expect(await read(Buffer.concat([packed, gzipSync('second\n'), packed]))).toEqual({
      content: `${text}second\n${text}`,
      error: undefined,
    });
  });

  it('leaves out what was read before', async () => {
    expect((await read(packed, 100_001)).content).toBe(text.slice(100_001));
  });

  it('ignores zeros behind the end, as padding is', async () => {
    expect(await read(Buffer.concat([packed, Buffer.alloc(100_000)]))).toEqual({ content: text, error: undefined });
  });

  it.each([0.3, 0.9])('gives all that a file torn at %d of its length holds, then says so', async (share) => {
    const { content, error } = await read(packed.subarray(0, packed.length * share));
    expect(content.length).toBeGreaterThan(text.length * share * 0.8);
    expect(text.startsWith(content)).toBe(true);
    expect(error).toMatchObject({ code: 'torn_gzip', message: expect.stringContaining('content.gz') });
  });

  it('loses nothing when only the checksum is missing', async () => {
    const { content, error } = await read(packed.subarray(0, -4));
    expect(content).toBe(text);
    expect(error).toMatchObject({ code: 'torn_gzip' });
  });
});
