import { readFileSync } from 'node:fs';

/**
 * What really happened in a recorded network, worked out of the raw logs and blocks by `test/truth/make/`, which shares no
 * code with `trace/` and `collector/`. FTL's traces are checked against it.
 */

export type TruthPoint = 'gateway' | 'endorse' | 'broadcast' | 'deliver' | 'gossip' | 'commit';

/**
 * How a hand-over is known: `log`: a line names it; `derived`: it follows from several lines (which orderer a peer was
 * subscribed to when it committed); `attempt`: it was tried and failed, nothing arrived; `unseen`: it must have happened,
 * yet no line can be tied to this transaction. Only `log` and `derived` may be demanded of FTL; none of the four is wrong.
 */
export type Evidence = 'log' | 'derived' | 'attempt' | 'unseen';

export interface TruthEdge {
  readonly point: TruthPoint;
  /** Participant ID `MSP/CN`; null where nobody handed the block over (the genesis block at `peer channel join`). */
  readonly from: string | null;
  readonly to: string;
  readonly evidence: Evidence;
  /** How a block went from peer to peer: pushed, pulled by digest, or state transfer. */
  readonly way?: 'push' | 'pull' | 'transfer';
  /** UTC, microseconds (truncated), as the logs have it. Commit edges: the time of the commit. */
  readonly at?: string;
  readonly respondedAt?: string;
  readonly status?: number;
}

export interface TruthBlock {
  readonly number: number;
  /** Hex of the header's hash, taken from the next block's `previous_hash`; null for the last block. */
  readonly hash: string | null;
  /** Consensus leader that cut it; null for the genesis block. */
  readonly createdBy: string | null;
  readonly txIds: readonly string[];
  /** Peer ID → time of the `kvledger` commit line. */
  readonly commits: Readonly<Record<string, string>>;
  /** Hand-overs of the block: deliver, gossip, commit. They belong to each of its transactions. */
  readonly edges: readonly TruthEdge[];
}

export interface TruthTransaction {
  readonly channel: string;
  /** `block:<number>:<index>` where the channel header carries none. */
  readonly txId: string;
  /** `full`: some log line or block has the whole ID; `prefix`: only its first 8 digits are in the evidence. */
  readonly known: 'full' | 'prefix';
  /** Step of the scenario; `setup` for those before it and for configuration blocks, `unlisted` for what only a log shows. */
  readonly step: string;
  /** HeaderType's name; null if it never reached a block. */
  readonly type: string | null;
  /** TxValidationCode's name of the first copy; null if never ordered. */
  readonly code: string | null;
  readonly block: number | null;
  readonly index: number | null;
  readonly duplicates: readonly { readonly block: number; readonly index: number; readonly code: string }[];
  /** From the block; without a block `MSP/client`, or `client` where not even the MSP is in the evidence; null for genesis. */
  readonly creator: string | null;
  readonly creatorMsp: string | null;
  readonly chaincode: string | null;
  readonly function: string | null;
  /** Whose endorsements the block holds, in order of ID; empty if never ordered. */
  readonly endorsers: readonly string[];
  /** Orderers that took it in, in order of time. */
  readonly orderers: readonly string[];
  readonly gateway: string | null;
  /** Hand-overs of this transaction alone: gateway, endorse, broadcast. */
  readonly edges: readonly TruthEdge[];
}

export interface TruthLeader {
  readonly node: string;
  readonly from: string;
  /** Null: still leading at the end of the recording. */
  readonly until: string | null;
  /** `static`: leads without an election; `killed`: no line says so, its log breaks off. */
  readonly how: 'elected' | 'static' | 'consensus';
  readonly ended: 'killed' | 'stopped' | null;
}

export interface Truth {
  readonly recording: string;
  readonly channel: string;
  /** False where the logs cannot tell how peers passed blocks on (info level, block gossip switched on). */
  readonly gossipKnown: boolean;
  readonly nodes: readonly {
    readonly id: string;
    readonly kind: 'peer' | 'orderer';
    readonly address: string;
    readonly pkiId: string | null;
    /** Consensus number. */
    readonly node: number | null;
  }[];
  readonly gossipLeaders: readonly (TruthLeader & { readonly msp: string })[];
  readonly consensusLeaders: readonly TruthLeader[];
  readonly blocks: readonly TruthBlock[];
  readonly transactions: readonly TruthTransaction[];
}

/** All true hand-overs of a transaction, those of the block that counts included. */
export function edgesOf(truth: Truth, transaction: TruthTransaction): TruthEdge[] {
  const block = truth.blocks.find(({ number }) => number === transaction.block);
  return [...transaction.edges, ...(block?.edges ?? [])];
}

/** `client` or `MSP/client`: somebody of whom no certificate is in the evidence. */
export function isUnnamedClient(id: string): boolean {
  return id === 'client' || id.endsWith('/client');
}

/** Microseconds since the epoch of an ISO 8601 time. */
export function micros(iso: string): number {
  const fraction = /\.(\d+)/.exec(iso)?.[1] ?? '';
  return Date.parse(`${iso.slice(0, 19)}Z`) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

export const RECORDINGS = ['fabric-v3.1.5', 'fabric-v2.5.9'] as const;

export function readTruth(recording: (typeof RECORDINGS)[number]): Truth {
  return JSON.parse(readFileSync(new URL(`./${recording}.json`, import.meta.url), 'utf8')) as Truth;
}
