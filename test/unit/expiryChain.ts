import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { BlockReader } from '#node/ledger/blocks/blockReader.ts';
import { openGoLedger } from '#node/ledger/blocks/goLedger.ts';

/**
 * For tests: a channel of one organisation whose chaincode has two collections, one whose data lives for three blocks, as a Go peer
 * of release 3.1.5 kept it. Its transactions read hashes before and after their time, write them again, purge them and set policies.
 */
export const EXPIRY_CHAIN = resolve(import.meta.dirname, '../vectors/private-expiry');
export const EXPIRY_CHANNEL = 'snap';
/** Of the snapshot that the peer made on its way. */
export const SNAPSHOT_BLOCK = 20;

/** Lays the block file out as the peer had it, and opens it. Whoever asks for it closes it. */
export async function openExpiryChain(folder: string): Promise<BlockReader> {
  const chain = join(folder, 'chains', 'chains', EXPIRY_CHANNEL);
  await mkdir(chain, { recursive: true });
  const packed = await readFile(join(EXPIRY_CHAIN, 'blockfile_000000.gz'));
  await writeFile(join(chain, 'blockfile_000000'), gunzipSync(packed));
  return (await openGoLedger(folder)).open(EXPIRY_CHANNEL);
}

/** Its blocks, as the peer stored them. */
export async function expiryBlocks(folder: string): Promise<readonly Uint8Array[]> {
  const blocks: Uint8Array[] = [];
  const reader = await openExpiryChain(folder);
  try {
    for await (const { bytes } of reader.iterate(0)) {
      blocks.push(bytes);
    }
  } finally {
    await reader.close();
  }
  return blocks;
}
