import { beforeAll, describe, expect, it } from 'vitest';
import { chainInfo, deploy, invoke, joinOrderer, joinPeers, query } from './channel.ts';
import { batchSize, makeUpdate } from './configUpdate.ts';
import { GoTools } from './goTools.ts';
import { CHANNEL, type Maker } from './interopLayout.ts';
import { InteropNetwork } from './interopNetwork.ts';
import { assetsAndNobody } from './serviceChaincode.ts';
import { until } from './until.ts';

const PEER = 'peer0.org1.example.com';
const ORDERER = 'orderer.example.com';
const KINDS = ['peer', 'orderer'] as const;

/** Series that only one of the two has, or with another count, and why. */
const DIFFERENT: readonly (readonly [series: RegExp, why: string])[] = [
  [/^(?:go|process|promhttp|nodejs|ftl|etcd)_/, 'of the language, a library, or ours'],
  [/^logging_entries_/, 'each has its own lines'],
  [/^fabric_version/, 'each has its own version'],
  [/^chaincode_shim_request.*chaincode="(?:_lifecycle|lscc|cscc|qscc)\./, 'system chaincode asks our ledger directly'],
  [
    /^chaincode_launch_.*chaincode="nobody"/,
    'Go starts chaincode when its definition is committed, we when it is called',
  ],
  [/^gossip_(?:leader_election|membership|payload_buffer)_|^gossip_privdata_/, 'our peers do not gossip'],
  [/^consensus_etcdraft_(?:data_persist_duration|snapshot_block_number)/, 'of Raft, which our orderer does without'],
  [/^endorser_proposal_validation_failures/, 'Go has no counter before the first'],
];
/** Whoever made the network asked the orderer whether it is there, as often as it took. */
const AS_OFTEN_AS_IT_TOOK = /^(?:grpc_comm_conn_|(?:deliver_|grpc_server_stream_).*)/;

const cases = (await GoTools.all()).map((tools) => [tools.release, tools] as const);

describe.each(cases)('After the same has happened to them (%s)', (_, tools) => {
  let told: Record<Maker, Record<(typeof KINDS)[number], Map<string, string>>>;

  beforeAll(async () => {
    told = { ours: await lifeOf(tools, 'ours'), go: await lifeOf(tools, 'go') };
  }, 240_000);

  it.each(KINDS)('the %s of ours tells the series that Go’s tells, with their labels, buckets and counts', (kind) => {
    const [ours, go] = [told.ours[kind], told.go[kind]];
    expect(go.size).toBeGreaterThan(200);
    const differing = [...new Set([...ours.keys(), ...go.keys()])].filter(
      (series) => ours.get(series) !== go.get(series),
    );
    const unexplained = differing.filter((series) => !DIFFERENT.some(([pattern]) => pattern.test(series)));
    expect(
      Object.fromEntries(unexplained.map((series) => [series, [ours.get(series) ?? null, go.get(series) ?? null]])),
    ).toEqual({});
  });

  it('whoever is said to be different is', () => {
    const differing = KINDS.flatMap((kind) =>
      [...new Set([...told.ours[kind].keys(), ...told.go[kind].keys()])].filter(
        (series) => told.ours[kind].get(series) !== told.go[kind].get(series),
      ),
    );
    for (const [pattern, why] of DIFFERENT)
      expect(
        differing.some((series) => pattern.test(series)),
        why,
      ).toBe(true);
  });
});

/** Makes a network of one peer and one orderer, has everything happen to them that is counted, and asks them. */
async function lifeOf(tools: GoTools, maker: Maker): Promise<Record<(typeof KINDS)[number], Map<string, string>>> {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(
    await InteropNetwork.start(tools, {
      material: 'ours',
      nodes: { [PEER]: maker, [ORDERER]: maker },
      organizations: { Org1: 1 },
      peers: () => ({ CORE_CHAINCODE_EXECUTETIMEOUT: '3s' }),
    }),
  );
  await joinOrderer(network);
  await joinPeers(network, PEER);
  for (const deployment of await assetsAndNobody(network, stack)) {
    const definition = ['--sequence', '1', '--signature-policy', "OR('Org1MSP.peer')"];
    await deploy(network, { ...deployment, hosts: [PEER], definition });
  }
  await live(network);
  const ports = { peer: network.organization('Org1').peers[0]!, orderer: network.orderer };
  const ask = async (kind: (typeof KINDS)[number]): Promise<Map<string, string>> => {
    const response = await fetch(`http://127.0.0.1:${ports[kind].operationsPort}/metrics`);
    return seriesOf(await response.text());
  };
  const peer = network.peerOf(PEER);
  const { height } = await chainInfo(peer);
  // The orderer writes down that a call has ended after the client has heard so.
  await until('all is counted', async () => {
    const counted = await ask('orderer');
    return counted.get(`ledger_blockchain_height{channel="${CHANNEL}"}`) === String(height);
  });
  return { peer: await ask('peer'), orderer: await ask('orderer') };
}

/** What goes well, what fails at each step, and what is asked of both. */
async function live(network: InteropNetwork): Promise<void> {
  const peer = network.peerOf(PEER);
  await invoke(network, [PEER], 'assets', ['CreateAsset', 'bus', 'ann', '10']);
  await query(network, PEER, 'assets', ['ReadAsset', 'bus']);
  for (const [name, ...args] of [
    ['assets', 'ReadAsset', 'nothing'],
    ['assets', 'Wait', 'late', '6000'],
    ['nobody', 'ReadAsset', 'bus'],
    ['unknown', 'ReadAsset', 'bus'],
  ] as const) {
    await expect(query(network, PEER, name, args)).rejects.toThrow('chaincode');
  }
  await peer.fails('chaincode', 'query', '-C', 'nochannel', '-n', 'assets', '-c', '{"Args":["ReadAsset"]}');
  const [file, from] = [network.file('fetched.block'), network.ordererFlags];
  await peer.run('channel', 'fetch', '2', file, '-c', CHANNEL);
  await peer.run('channel', 'fetch', '2', file, '-c', CHANNEL, ...from);
  for (const [number, channel] of [
    ['9999', CHANNEL],
    ['0', 'nochannel'],
  ] as const) {
    await peer.fails('channel', 'fetch', number, file, '-c', channel, ...from);
  }
  const update = await makeUpdate(network, peer, (config) => {
    batchSize(config)['max_message_count'] = 5;
  });
  // Not signed by the orderer's organisation.
  await peer.fails('channel', 'update', '-f', update, '-c', CHANNEL, ...from);
  const { height } = await chainInfo(peer);
  await network.ordererAdmin.run('channel', 'update', '-f', update, '-c', CHANNEL, ...from);
  await until('the update is committed', async () => (await chainInfo(peer)).height === height + 1);
}

/** By name and labels, without the hashes of packages. Of histograms the count and the bounds; how long something took is chance. */
function seriesOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample === null) continue;
    const [, name = '', labels = '', value = ''] = sample;
    const sorted = [...labels.matchAll(/\w+="(?:[^"\\]|\\.)*"/g)].map(([label]) => label).toSorted();
    const series = `${name}{${sorted.join(',').replaceAll(/:[\da-f]{64}"/g, '"')}}`;
    const isChance = /_(?:sum|bucket)$/.test(name) || AS_OFTEN_AS_IT_TOOK.test(name);
    found.set(series, isChance ? 'there' : String(Number(value)));
  }
  return found;
}
