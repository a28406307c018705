import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** For tests: blocks of real Fabric networks, each set with what its network said of them (`validation.json`). */
export interface RecordedTransaction {
  readonly index: number;
  readonly txId: string;
  readonly type: string;
  readonly timestamp: string;
  readonly validationCode: string;
  readonly code: number;
  readonly creatorMsp?: string;
  readonly chaincode?: string;
  readonly endorserMsps?: readonly string[];
}

export interface RecordedBlock {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Base64. */
  readonly previousHash: string;
  readonly dataHash: string;
  readonly transactions: readonly RecordedTransaction[];
}

export interface RecordedSet {
  readonly name: string;
  readonly channel: string;
  readonly blocks: readonly RecordedBlock[];
}

export const VERSIONS = ['v3.1.5', 'v2.5.9'] as const;
const VECTORS = resolve(import.meta.dirname, '../../test/vectors');
/** Where the whole recordings lie, on machines that have them: beside the repository. */
const SHARED = resolve(import.meta.dirname, '../../../shared');

/** Of the 82 blocks of the first: each kind there is, the others are like them. */
const CHOSEN: Readonly<Record<(typeof VERSIONS)[number], readonly number[] | null>> = {
  // Configuration (0, 67), definitions (3, 48), MVCC conflict (37), policy failure (41), duplicate transaction ID (44, 45).
  'v3.1.5': [0, 1, 2, 3, 4, 5, 6, 37, 41, 44, 45, 46, 47, 48, 49, 50, 67, 68, 69],
  'v2.5.9': null,
};

/** Blocks of a recording that is kept with the code: enough of each kind, from block 0. */
export function vendoredBlocks(version: (typeof VERSIONS)[number]): RecordedSet {
  const set = vendoredRecording(version);
  const chosen = CHOSEN[version];
  return chosen === null ? set : { ...set, blocks: set.blocks.filter(({ number }) => chosen.includes(number)) };
}

/** All blocks of such a recording. */
export function vendoredRecording(version: (typeof VERSIONS)[number]): RecordedSet {
  const folder = join(VECTORS, `fabric-${version}`);
  return readSet(`fabric-${version}`, folder, join(folder, 'blocks'));
}

/** Whole recordings beside the repository; empty where there are none. */
export function sharedBlocks(): readonly RecordedSet[] {
  if (!existsSync(SHARED)) {
    return [];
  }
  return readdirSync(SHARED)
    .filter((name) => name.startsWith('fabric-') && existsSync(join(SHARED, name, 'validation.json')))
    .map((name) => readSet(name, join(SHARED, name), join(SHARED, name, 'blocks')));
}

/** For the name of a test that looks at the whole recordings too: nobody is to take it for having done so where there are none. */
export function allBlocksOf(sets: readonly RecordedSet[]): string {
  return sets.length === 0
    ? 'NOTHING, since the whole recordings are not beside the repository'
    : `all blocks of ${sets.map(({ name }) => name).join(' and ')}`;
}

/** Each peer's gossip PKI-ID as its own log names it. */
export function loggedPkiIds(version: (typeof VERSIONS)[number]): readonly { peer: string; pkiId: string }[] {
  const text = readFileSync(join(VECTORS, 'pki-ids', `${version}.json`), 'utf8');
  return (JSON.parse(text) as { peers: { peer: string; pkiId: string }[] }).peers;
}

function readSet(name: string, folder: string, blocks: string): RecordedSet {
  const told = JSON.parse(readFileSync(join(folder, 'validation.json'), 'utf8')) as {
    readonly channel: string;
    readonly blocks: readonly (Omit<RecordedBlock, 'number' | 'bytes'> & { readonly block: number })[];
  };
  return {
    name,
    channel: told.channel,
    blocks: told.blocks.map(({ block, previousHash, dataHash, transactions }) => ({
      number: block,
      previousHash,
      dataHash,
      transactions,
      bytes: readBlock(join(blocks, `${told.channel}_${block}.pb`)),
    })),
  };
}

function readBlock(path: string): Uint8Array {
  const packed = `${path}.gz`;
  return new Uint8Array(existsSync(packed) ? gunzipSync(readFileSync(packed)) : readFileSync(path));
}
