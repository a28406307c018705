import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinOrderer, joinPeers } from './channel.ts';
import { GoTools } from './goTools.ts';
import { CHANNEL } from './interopLayout.ts';
import { InteropNetwork } from './interopNetwork.ts';
import { until } from './until.ts';

const [OURS, GO] = ['peer0.org1.example.com', 'peer1.org1.example.com'] as const;
const PREFIXES: Readonly<Record<string, string>> = { [OURS]: 'ours', [GO]: 'go' };
/** What each must have told when it has joined a channel and was asked about it, which is asked of the peer and not in the channel. */
const TOLD = [
  `ledger.blockchain_height.${CHANNEL}|g`,
  `ledger.blockstorage_commit_time.${CHANNEL}|ms`,
  `ledger.statedb_commit_time.${CHANNEL}|ms`,
  `ledger.transaction_count.${CHANNEL}.CONFIG.unknown.VALID|c`,
  'endorser.proposals_received|c',
  'endorser.proposal_duration..qscc.true|ms',
  `deliver.blocks_sent.${CHANNEL}.false.block|c`,
  'grpc.server.stream_requests_received.protos_Deliver.Deliver|c',
  'grpc.comm.conn_opened|c',
  'grpc.server.unary_requests_completed.protos_Endorser.ProcessProposal.OK|c',
  'grpc.server.unary_request_duration.protos_Endorser.ProcessProposal.OK|ms',
  'logging.entries_written.info|c',
];

const cases = (await GoTools.all()).map((tools) => [tools.release, tools] as const);

describe.each(cases)('What nodes send to a StatsD server (%s)', (_, tools) => {
  let network: InteropNetwork;
  let socket: Socket;
  const lines: string[] = [];

  beforeAll(async () => {
    socket = createSocket('udp4');
    socket.on('message', (message) => lines.push(...message.toString().trimEnd().split('\n')));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    network = await InteropNetwork.start(tools, {
      material: 'ours',
      nodes: { [GO]: 'go' },
      organizations: { Org1: 2 },
      peers: (host) => ({
        CORE_METRICS_PROVIDER: 'statsd',
        CORE_METRICS_STATSD_NETWORK: 'udp',
        CORE_METRICS_STATSD_ADDRESS: `127.0.0.1:${socket.address().port}`,
        CORE_METRICS_STATSD_WRITEINTERVAL: '500ms',
        CORE_METRICS_STATSD_PREFIX: PREFIXES[host] as string,
      }),
    });
    await joinOrderer(network);
    await joinPeers(network, OURS, GO);
  });
  afterAll(async () => {
    await network?.[Symbol.asyncDispose]();
    socket.close();
  });

  /** Buckets with the kind of their values, as one of the two has sent them. */
  const told = (prefix: string): Set<string> =>
    new Set(
      lines
        .filter((line) => line.startsWith(`${prefix}.`))
        .map((line) => line.slice(prefix.length + 1).replace(/:[^:]*\|/, '|')),
    );

  it("has Fabric's names, kinds and form", async () => {
    for (const host of [OURS, GO]) {
      await network.peerOf(host).run('channel', 'getinfo', '-c', CHANNEL);
      await network.peerOf(host).run('channel', 'fetch', 'newest', network.file('newest.block'), '-c', CHANNEL);
    }
    await until('both have told', () => {
      const missing = ['ours', 'go'].flatMap((prefix) => TOLD.filter((bucket) => !told(prefix).has(bucket)));
      if (missing.length > 0) throw new Error(missing.join(', '));
      return true;
    });
    for (const line of lines) {
      expect(line).toMatch(/^(?:ours|go)\.[^:|@\s]+:-?\d+\.\d{6}\|(?:c|g|ms)$/);
    }
    const [ours, go] = [told('ours'), told('go')];
    const kinds = new Map(Array.from(go, (bucket) => bucket.split('|') as [string, string]));
    const common = Array.from(ours, (bucket) => bucket.split('|') as [string, string]).filter(([name]) =>
      kinds.has(name),
    );
    expect(common.length).toBeGreaterThan(15);
    expect(common.map(([name, kind]) => [name, kind])).toEqual(common.map(([name]) => [name, kinds.get(name)]));
  });
});
