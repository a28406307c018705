/**
 * The process that sends `test/perf/network.ts` its load: each message from the parent is one run, each answer what came of it. As lean
 * as the node's own client allows, for it has the same cores as the network that it measures.
 */
import { randomBytes } from 'node:crypto';
import type { CommitStatus } from '#node/client/commitWatcher.ts';
import { agreed, propose } from '#node/client/endorse.ts';
import { createProposal, signProposal } from '#node/client/proposal.ts';
import { assembleTransaction } from '#node/client/transaction.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { NetworkConnections } from '#node/network/connections.ts';
import { LatencyHistogram } from '#node/network/load/latencyHistogram.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';

export interface LoadRun {
  readonly count: number;
  readonly inFlight: number;
  /** When the next may begin: as soon as the orderer has one, as Tape's clients do, or when both peers have committed it. */
  readonly until: 'ordered' | 'committed';
}

export interface LoadResult {
  readonly seconds: number;
  /** Milliseconds. */
  readonly endorse: Percentiles;
  readonly submit: Percentiles;
  /** From the proposal to the later of the two peers' commits. */
  readonly commit: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** With `ordered`, how many may wait for their commit: a network that falls behind is not to be drowned. */
const MAX_UNCOMMITTED = 1000;
const TIMEOUT_MS = 60_000;

const folder = new NetworkFolder(process.argv[2] as string);
const connections = new NetworkConnections({ folder, layout: folder.read() }, { connect });
const [channel] = connections.layout.channels;
const [chaincode] = connections.layout.chaincodes;
if (channel === undefined || chaincode === undefined) {
  throw new Error('the network has no channel or no chaincode');
}
const members = channel.organizations.map((name) => connections.organization(name));
const endorsers = members.map((one) => connections.peer(one, first(one.peers)));
const watchers = members.map((one) => connections.watcher(one, first(one.peers), channel.name));
const users = members.map((one) => connections.signer(one, 'User1'));
const orderer = connections.broadcaster;
const never = new AbortController().signal;
await Promise.all(watchers.map((watcher) => watcher.ready(AbortSignal.timeout(TIMEOUT_MS))));

process.on('message', (run: LoadRun) => void load(run).then((result) => process.send?.(result)));
process.on('disconnect', () => void connections.close());
process.send?.('ready');

function first<T>(items: readonly T[]): T {
  return items[0] as T;
}

function requireValid(statuses: readonly CommitStatus[]): void {
  const bad = statuses.find(({ code }) => code !== 0);
  if (bad !== undefined) {
    throw new Error(`${bad.txId}: ${bad.codeName}`);
  }
}

async function load({ count, inFlight, until }: LoadRun): Promise<LoadResult> {
  const latencies = { endorse: new LatencyHistogram(), submit: new LatencyHistogram(), commit: new LatencyHistogram() };
  const run = randomBytes(4).toString('hex');
  const begin = performance.now();
  let next = 0;
  let uncommitted = 0;
  let room = Promise.withResolvers<void>();
  const commits: Promise<void>[] = [];

  const finish = async (started: number, statuses: Promise<readonly CommitStatus[]>): Promise<void> => {
    requireValid(await statuses);
    latencies.commit.add(performance.now() - started);
    uncommitted--;
    room.resolve();
    room = Promise.withResolvers<void>();
  };

  /** Resolves when the orderer has it. */
  const transact = async (number: number): Promise<{ readonly committed: Promise<void> }> => {
    const signer = users[number % users.length] as (typeof users)[number];
    const started = performance.now();
    const args = ['CreateAsset', `perf-${run}-${number}`, 'Ada', String(number)];
    const proposal = createProposal({ channelId: channel?.name ?? '', chaincode: chaincode?.name ?? '', args }, signer);
    const signed = await signProposal(proposal, signer);
    const endorsements = agreed(await Promise.all(endorsers.map((client) => propose(client, signed))));
    const endorsed = performance.now();
    latencies.endorse.add(endorsed - started);
    const envelope = await assembleTransaction(proposal, endorsements, signer);
    const statuses = Promise.all(watchers.map((watcher) => watcher.wait(proposal.txId, never)));
    await orderer.send(envelope);
    latencies.submit.add(performance.now() - endorsed);
    return { committed: finish(started, statuses) };
  };

  const client = async (): Promise<void> => {
    while (next < count) {
      if (uncommitted >= MAX_UNCOMMITTED) {
        await room.promise;
        continue;
      }
      uncommitted++;
      const { committed } = await transact(next++);
      if (until === 'committed') {
        await committed;
      } else {
        commits.push(committed);
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, client));
  await Promise.all(commits);
  return {
    seconds: (performance.now() - begin) / 1000,
    endorse: latencies.endorse.summary(),
    submit: latencies.submit.summary(),
    commit: latencies.commit.summary(),
  };
}
