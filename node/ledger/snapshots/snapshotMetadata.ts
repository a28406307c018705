import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { object, string, number, record, type infer as Infer } from 'zod';
import { CHANNEL_ID } from '../blocks/channelId.ts';
import { SnapshotError } from './snapshotError.ts';

/** Files of a snapshot by what they hold, each a data file and a file with counts. */
export const SNAPSHOT_FILES = {
  txIds: ['txids.data', 'txids.metadata'],
  collections: ['confighistory.data', 'confighistory.metadata'],
  publicState: ['public_state.data', 'public_state.metadata'],
  privateHashes: ['private_state_hashes.data', 'private_state_hashes.metadata'],
} as const;

export const SIGNABLE_FILE = '_snapshot_signable_metadata.json';
export const ADDITIONAL_FILE = '_snapshot_additional_metadata.json';
/** What Fabric calls LevelDB here: state of CouchDB sorts otherwise. */
export const STATE_DATABASE = 'SimpleKeyValueDB';

const KNOWN: ReadonlySet<string> = new Set(Object.values(SNAPSHOT_FILES).flat());
const MAX_METADATA_BYTES = 1024 * 1024;
const HEX = /^([0-9a-f]{2})*$/;

const signable = object({
  channel_name: string().regex(CHANNEL_ID),
  last_block_number: number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  last_block_hash: string().regex(HEX),
  previous_block_hash: string().regex(HEX),
  snapshot_files_raw_hashes: record(string(), string().regex(HEX)),
  state_db_type: string(),
});
const additional = object({ snapshot_hash: string().regex(HEX), last_block_commit_hash: string().regex(HEX) });

/** The two JSON files of a snapshot, with Fabric's own names. */
export type SnapshotMetadata = Infer<typeof signable> & Infer<typeof additional>;

/** The JSON that a peer can sign: its hash stands for the whole snapshot. As Go prints it: four spaces, keys of maps sorted. */
export function signableJson(metadata: Infer<typeof signable>): string {
  const hashes = Object.entries(metadata.snapshot_files_raw_hashes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const inOrder: Infer<typeof signable> = {
    channel_name: metadata.channel_name,
    last_block_number: metadata.last_block_number,
    last_block_hash: metadata.last_block_hash,
    previous_block_hash: metadata.previous_block_hash,
    snapshot_files_raw_hashes: Object.fromEntries(hashes),
    state_db_type: metadata.state_db_type,
  };
  return JSON.stringify(inOrder, null, 4);
}

/** What is not part of the hash: the hash itself, and where the peer's own commit hash chain stood. */
export function additionalJson(signableText: string, commitHash: Uint8Array): string {
  const value: Infer<typeof additional> = {
    snapshot_hash: hash('sha256', signableText, 'hex'),
    last_block_commit_hash: Buffer.from(commitHash).toString('hex'),
  };
  return JSON.stringify(value, null, 4);
}

/** Both files of metadata, which must belong together. @throws SnapshotError `missing_file`, `malformed`, `wrong_hash` */
export async function readMetadata(folder: string): Promise<SnapshotMetadata> {
  const signableText = await text(folder, SIGNABLE_FILE);
  const first = parsed(signable, signableText, SIGNABLE_FILE);
  const second = parsed(additional, await text(folder, ADDITIONAL_FILE), ADDITIONAL_FILE);
  if (hash('sha256', signableText, 'hex') !== second.snapshot_hash) {
    throw new SnapshotError('wrong_hash', `${SIGNABLE_FILE} is not the file that ${ADDITIONAL_FILE} names`);
  }
  return { ...first, ...second };
}

/**
 * Reads a snapshot's metadata and checks every file's hash against it. Whether the hash of the metadata itself is the right one
 * only the other peers of the channel can tell: compare `snapshot_hash` with theirs.
 * @throws SnapshotError `missing_file`, `malformed`, `unknown_format`, `wrong_hash`
 */
export async function verifySnapshot(folder: string): Promise<SnapshotMetadata> {
  const metadata = await readMetadata(folder);
  if (metadata.state_db_type !== STATE_DATABASE && metadata.state_db_type !== 'CouchDB') {
    throw new SnapshotError('unknown_format', `state of ${metadata.state_db_type} is not known`);
  }
  const hashes = metadata.snapshot_files_raw_hashes;
  for (const [name, expected] of Object.entries(hashes)) {
    if (!KNOWN.has(name)) {
      throw new SnapshotError('unknown_format', `no snapshot holds a file ${JSON.stringify(name)}`);
    }
    const actual = await fileHash(join(folder, name), name);
    if (actual !== expected) {
      throw new SnapshotError('wrong_hash', `${name} has hash ${actual}, not ${expected}`);
    }
  }
  for (const [data, counts] of Object.values(SNAPSHOT_FILES)) {
    if (data in hashes !== counts in hashes) {
      throw new SnapshotError('malformed', `of ${data} and ${counts} only one is named`);
    }
  }
  return metadata;
}

async function text(folder: string, name: string): Promise<string> {
  try {
    const bytes = await readFile(join(folder, name));
    if (bytes.length <= MAX_METADATA_BYTES) {
      return bytes.toString();
    }
  } catch (cause) {
    throw missing(cause, name);
  }
  throw new SnapshotError('malformed', `${name} is larger than ${MAX_METADATA_BYTES} bytes`);
}

function parsed<T>(schema: { parse(value: unknown): T }, json: string, name: string): T {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    throw new SnapshotError('malformed', `${name} is not as Fabric writes it`, { cause });
  }
}

async function fileHash(path: string, name: string): Promise<string> {
  const digest = createHash('sha256');
  try {
    await pipeline(createReadStream(path), digest);
  } catch (cause) {
    throw missing(cause, name);
  }
  return digest.digest('hex');
}

function missing(cause: unknown, name: string): unknown {
  return (cause as NodeJS.ErrnoException).code === 'ENOENT'
    ? new SnapshotError('missing_file', `${name} is missing`, { cause })
    : cause;
}
