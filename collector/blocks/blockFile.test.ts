import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { common } from '@hyperledger/fabric-protos';
import { vendoredBlocks, VERSIONS } from '#node/protos/testBlocks.ts';
import { isBlockFile, readBlockFile } from './blockFile.ts';
import { looksLikeBlock } from './looksLikeBlock.ts';
import { firstEnvelope, realBlock } from './testBlock.ts';

describe('looksLikeBlock', () => {
  it.each(VERSIONS)('%s: knows every real block by its first bytes', (version) => {
    for (const { bytes } of vendoredBlocks(version).blocks) {
      expect(looksLikeBlock(bytes)).toBe(true);
      expect(looksLikeBlock(bytes.subarray(0, 100))).toBe(true);
    }
  });

  it('knows a block of any number', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (number) => {
        const block = common.Block.deserializeBinary(realBlock(37));
        block.getHeader()?.setNumber(Math.abs(number));
        expect(looksLikeBlock(block.serializeBinary())).toBe(true);
      }),
    );
  });

  it('is not taken in by logs, certificates, other messages or noise', () => {
    const others = [
      '',
      '\n',
      '\n\n\n{"level":"info","ts":1795220417.619024,"name":"gossip.gossip"}',
      '{"@timestamp":"2026-11-21T00:20:17.000000Z"}',
      '2026-11-21 01:24:48.166 UTC 0013 INFO [gossip.gossip] New -> Creating',
      '-----BEGIN CERTIFICATE-----\nMIIC',
    ];
    for (const text of others) {
      expect(looksLikeBlock(Buffer.from(text))).toBe(false);
    }
    expect(looksLikeBlock(firstEnvelope(realBlock(37)))).toBe(false);
    expect(looksLikeBlock(gzipSync(realBlock(37)))).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        expect(looksLikeBlock(Uint8Array.of(0x0a, ...bytes))).toBe(false);
      }),
    );
  });
});

const failure = async (read: Promise<unknown>) =>
  read.then(
    () => 'read',
    (error: { name: string; code: string }) => `${error.name} ${error.code}`,
  );

describe('block files', () => {
  let folder = '';
  const write = async (name: string, bytes: Uint8Array) => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ftl-blocks-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are read as they are, or gzipped, whatever their name', async () => {
    const block = realBlock(67);
    const plain = await write('a.log', block);
    const zipped = await write('b.pb', gzipSync(block));
    expect(Buffer.from(await readBlockFile(plain))).toEqual(Buffer.from(block));
    expect(Buffer.from(await readBlockFile(zipped))).toEqual(Buffer.from(block));
    expect([await isBlockFile(plain), await isBlockFile(zipped)]).toEqual([true, true]);
  });

  it('are told from other files', async () => {
    expect(await isBlockFile(await write('empty', new Uint8Array(0)))).toBe(false);
    expect(await isBlockFile(await write('log.gz', gzipSync(Buffer.from('a line\n'))))).toBe(false);
    expect(await isBlockFile(await write('torn.gz', Uint8Array.of(0x1f, 0x8b, 9, 9)))).toBe(false);
    expect(await failure(isBlockFile(join(folder, 'none')))).toBe('BlockError unreadable');
    expect(await failure(isBlockFile(folder))).toBe('BlockError unreadable');
  });

  it('have a limit, before and after decompression', async () => {
    const bomb = await write('bomb.pb.gz', gzipSync(Buffer.alloc(4 * 1024 * 1024)));
    expect(await failure(readBlockFile(bomb, { maxBytes: 1024 * 1024 }))).toBe('BlockError too_large');
    const large = await write('large.pb', Buffer.alloc(2048));
    expect(await failure(readBlockFile(large, { maxBytes: 1024 }))).toBe('BlockError too_large');
  });

  it('that cannot be read say why', async () => {
    const torn = await write('torn.pb.gz', gzipSync(realBlock(67)).subarray(0, 500));
    expect(await failure(readBlockFile(torn))).toBe('BlockError torn_gzip');
    expect(await isBlockFile(torn)).toBe(true);
    expect(await failure(readBlockFile(join(folder, 'none')))).toBe('BlockError unreadable');
  });
});
