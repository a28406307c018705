import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type RecordedSet, vendoredBlocks } from '#node/protos/testBlocks.ts';

const FOLDER = join(import.meta.dirname, '../../../test/vectors/fabric-v3.1.5');

/** For tests: both recorded channels from block 0 to the last one, 18 blocks of v2.5.9 and 82 of v3.1.5. */
export function wholeRecordings(): readonly RecordedSet[] {
  const told = JSON.parse(readFileSync(join(FOLDER, 'validation.json'), 'utf8')) as {
    readonly channel: string;
    readonly blocks: readonly (Omit<RecordedSet['blocks'][number], 'number' | 'bytes'> & { readonly block: number })[];
  };
  const blocks = told.blocks.map(({ block, previousHash, dataHash, transactions }) => ({
    number: block,
    previousHash,
    dataHash,
    transactions,
    bytes: new Uint8Array(gunzipSync(readFileSync(join(FOLDER, 'blocks', `${told.channel}_${block}.pb.gz`)))),
  }));
  return [vendoredBlocks('v2.5.9'), { name: 'fabric-v3.1.5', channel: told.channel, blocks }];
}
