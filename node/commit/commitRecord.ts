import type { PartialIdentity } from '#trace/identity.ts';
import { RECORD_VERSION, type TraceRecord } from '#trace/record.ts';
import type { CommittedBlock } from './blockStages.ts';

/** Who committed, and when. */
export interface CommitContext {
  /** UTC with microseconds. */
  readonly at: string;
  readonly self: PartialIdentity;
  /** Who handed the block over, if known. */
  readonly sender?: PartialIdentity;
}

/**
 * The record of a commit (trace point `gossip.commit`): block, hashes, ID and code of every transaction, why the invalid ones are
 * not valid, how long each step took. Everything is at hand from the pipeline: nothing is decoded for it.
 */
export function commitRecord(block: CommittedBlock, { at, self, sender }: CommitContext): TraceRecord {
  const total = Object.values(block.durations).reduce((sum, one) => sum + one, 0);
  return {
    '@timestamp': at,
    ftl: {
      version: RECORD_VERSION,
      point: 'gossip.commit',
      channel: block.channelId,
      block: {
        number: block.number,
        hash: hex(block.hash),
        previous_hash: hex(block.previousHash),
        ...(block.dataHash.length === 32 ? { data_hash: hex(block.dataHash) } : {}),
      },
      tx_count: block.transactions.length,
      txs: block.transactions.map(({ id, type, codeName, reason }) => ({
        id,
        type,
        code: codeName,
        ...(reason === null ? {} : { reason }),
      })),
      duration_us: total,
      durations_us: block.durations,
      ...(block.commitHash === null ? {} : { commit_hash: hex(block.commitHash) }),
      receiver: self,
      ...(sender === undefined ? {} : { sender }),
      source: 'record',
    },
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
