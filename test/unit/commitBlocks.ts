import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BlockPipeline, type BlockPipelineOptions } from '#node/commit/blockPipeline.ts';
import type { CommittedBlock, ReceivedBlock } from '#node/commit/blockStages.ts';
import { PeerLedger } from '#node/ledger/peerLedger.ts';
import { BlockView } from '#node/protos/blockView.ts';

/** For tests: the complete chains of two Go networks, as a peer of each stored them, and what the peer said of them. */
export interface RecordedChain {
  readonly name: string;
  readonly channel: string;
  readonly blocks: readonly Uint8Array[];
  /** Names of the validation codes, by block. */
  readonly codes: readonly (readonly string[])[];
}

export const VECTORS = resolve(import.meta.dirname, '../vectors');

export const VERSIONS = ['v3.1.5', 'v2.5.9'] as const;

export function recordedChain(version: (typeof VERSIONS)[number]): RecordedChain {
  const folder = join(VECTORS, `fabric-${version}`);
  const told = JSON.parse(readFileSync(join(folder, 'validation.json'), 'utf8')) as {
    readonly channel: string;
    readonly blocks: readonly { readonly transactions: readonly { readonly validationCode: string }[] }[];
  };
  return {
    name: version,
    channel: told.channel,
    codes: told.blocks.map(({ transactions }) => transactions.map(({ validationCode }) => validationCode)),
    blocks: told.blocks.map((_, number) => {
      const path = join(folder, 'blocks', `${told.channel}_${number}.pb`);
      const bytes = version === 'v3.1.5' ? gunzipSync(readFileSync(`${path}.gz`)) : readFileSync(path);
      return new Uint8Array(bytes);
    }),
  };
}

/** The assets that the chaincode of the first network listed at the end, by key. */
export function recordedState(): ReadonlyMap<string, unknown> {
  const assets = JSON.parse(readFileSync(join(VECTORS, 'fabric-v3.1.5/statedb.json'), 'utf8')) as { ID: string }[];
  return new Map(assets.map((asset) => [asset.ID, asset]));
}

export function received(blocks: readonly Uint8Array[]): ReceivedBlock[] {
  return blocks.map((bytes) => ({ view: BlockView.fromBytes(bytes) }));
}

export interface TestLedger extends AsyncDisposable {
  readonly ledger: PeerLedger;
  readonly pipeline: BlockPipeline;
  readonly folder: string;
}

/** A ledger in a folder of its own, which goes with it. */
export async function testLedger(
  options: BlockPipelineOptions & { readonly state?: 'leveldb' | 'memory'; readonly channelId?: string } = {},
): Promise<TestLedger> {
  const folder = await mkdtemp(join(tmpdir(), 'ftl-commit-'));
  const { channelId = 'mychannel', state = 'memory' } = options;
  const ledger = await PeerLedger.open({ folder, channelId, state });
  return {
    ledger,
    folder,
    pipeline: await BlockPipeline.open(options, { ledger }),
    async [Symbol.asyncDispose]() {
      await ledger.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function commitAll(pipeline: BlockPipeline, blocks: readonly Uint8Array[]): Promise<CommittedBlock[]> {
  const committed: CommittedBlock[] = [];
  for await (const block of pipeline.run(received(blocks))) {
    committed.push(block);
  }
  return committed;
}

/** Everything that the state holds, as text: two ledgers with the same are in the same state. */
export async function stateOf(ledger: PeerLedger): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { namespace, key, value, metadata, version } of ledger.state.scan()) {
    const parts = [namespace, key, version.block, version.tx, hex(value), metadata === null ? null : hex(metadata)];
    lines.push(JSON.stringify(parts));
  }
  return lines;
}

export function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}
