import { strict as assert } from 'node:assert';
import path from 'node:path';
import { type RawBlock, readBlock } from './readBlocks.ts';
import { type RawLine, readLog } from './readLogs.ts';
import type { RecordedNode, Recording } from './recordings.ts';
import { type PeerScan, type TransactionScan, scanPeer, scanTransactions } from './scanLogs.ts';

export const CHANNEL = 'mychannel';
/** Sorts by a text. */
export const by =
  <T>(key: (item: T) => string) =>
  (a: T, b: T) =>
    key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;

/** All that was recorded of one network, read but not yet judged. */
export interface Evidence {
  readonly recording: Recording;
  readonly lines: ReadonlyMap<string, readonly RawLine[]>;
  readonly peers: ReadonlyMap<string, PeerScan>;
  readonly transactions: ReadonlyMap<string, TransactionScan>;
  readonly blocks: readonly RawBlock[];
}

/** Who listens at `host:port`. */
export function nodeAt({ recording }: Evidence, address: string): string {
  const port = Number(address.split(':').at(-1));
  const node = recording.nodes.find((one) => one.port === port);
  assert(node, `no node listens at ${address}`);
  return node.id;
}

export function readEvidence(root: string, recording: Recording): Evidence {
  const folder = path.join(root, recording.name);
  const lines = new Map(
    recording.nodes.map(({ id, file }) => [id, readLog(path.join(folder, 'logs', `${file}.log.gz`))]),
  );
  const of = (node: RecordedNode) => lines.get(node.id) as readonly RawLine[];
  const blocks = Array.from({ length: recording.blocks }, (_, n) =>
    readBlock(path.join(folder, 'blocks', `${CHANNEL}_${n}.pb`)),
  );
  const peers = recording.nodes.filter(({ kind }) => kind === 'peer');
  return {
    recording,
    lines,
    peers: new Map(peers.map((node) => [node.id, scanPeer(of(node))])),
    transactions: new Map(recording.nodes.map((node) => [node.id, scanTransactions(of(node))])),
    blocks,
  };
}
