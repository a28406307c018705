import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy, joinOrderer, joinPeers } from './channel.ts';
import { GoTools } from './goTools.ts';
import { CHANNEL } from './interopLayout.ts';
import { InteropNetwork } from './interopNetwork.ts';
import { serveChaincode } from './serviceChaincode.ts';

const CONTRACT = fileURLToPath(new URL('../chaincode/contract', import.meta.url));
/** One organisation's own, so that they differ in nothing but their maker. */
const [OURS, GO, OTHER] = ['peer0.org1.example.com', 'peer1.org1.example.com', 'peer0.org2.example.com'] as const;

const cases = (await GoTools.all()).map((tools) => [tools.release, tools] as const);

describe.each(cases)("FTL's peer refuses in Go's words (%s)", (_, tools) => {
  let network: InteropNetwork;
  const stack = new AsyncDisposableStack();

  beforeAll(async () => {
    network = stack.use(
      await InteropNetwork.start(tools, {
        material: 'ours',
        nodes: { [GO]: 'go' },
        organizations: { Org1: 2, Org2: 1 },
      }),
    );
    await joinOrderer(network);
    await joinPeers(network, OURS, GO, OTHER);
    const every = await serveChaincode(network, stack, { name: 'every', folder: CONTRACT });
    const policy = ['--sequence', '1', '--signature-policy', "OR('Org1MSP.peer', 'Org2MSP.peer')"];
    const hosts = [OURS, OTHER];
    await deploy(network, { ...every, hosts, definition: policy });
    await network.peerOf(GO).run('lifecycle', 'chaincode', 'install', every.packageFile);
  });
  afterAll(() => stack.disposeAsync());

  const asked: Readonly<Record<string, () => readonly string[]>> = {
    'a channel that the peer is not in': () => query('every', ['get', 'a'], 'stranger'),
    'a channel that it is not in, of getinfo': () => ['channel', 'getinfo', '-c', 'stranger'],
    'a chaincode that is not there': () => query('stranger', ['get', 'a']),
    'a chaincode of an impossible name': () => query('no-good-', ['get', 'a']),
    'a function that the chaincode does not have': () => query('every', ['stranger']),
    'what the chaincode itself refuses': () => query('every', ['fail', 'no more paint']),
    'a rich query': () => query('every', ['query', '{"selector":{}}']),
    'a collection that is not there': () => query('every', ['getPrivate', 'stranger', 'key']),
    'no key': () => query('every', ['get', '']),
    'a chaincode that a chaincode calls, which is not there': () => query('every', ['call', 'stranger', '', 'get']),
    'a channel that it is in already': () => ['channel', 'join', '-b', network.folder.genesisBlock(CHANNEL)],
    'a system chaincode function that is not there': () => query('qscc', ['stranger', CHANNEL]),
    'qscc without a channel': () => query('qscc', ['GetChainInfo']),
    'qscc, a block that is not there': () => query('qscc', ['GetBlockByNumber', CHANNEL, '1000']),
    'qscc, a block number that is none': () => query('qscc', ['GetBlockByNumber', CHANNEL, 'x']),
    'qscc, a block hash that is not there': () => query('qscc', ['GetBlockByHash', CHANNEL, 'x']),
    'qscc, a transaction that is not there': () => query('qscc', ['GetTransactionByID', CHANNEL, 'x']),
    'cscc, a function that is not there': () => query('cscc', ['stranger', CHANNEL]),
    'cscc, the configuration of a channel that is not there': () => query('cscc', ['GetConfigBlock', 'stranger']),
    '_lifecycle, a function that is not there': () => query('_lifecycle', ['stranger', 'x']),
    'a package that is not there': () =>
      lifecycle('getinstalledpackage', '--package-id', 'a:b', '--output-directory', network.folder.path),
    'a package that is installed already': () => lifecycle('install', network.file('every.tgz')),
    'what is no package': () => lifecycle('install', network.folder.layout),
    'a definition that nobody committed': () => lifecycle('querycommitted', '-C', CHANNEL, '--name', 'stranger'),
    'a definition that nobody approved': () => lifecycle('queryapproved', '-C', CHANNEL, '--name', 'stranger'),
    'readiness for a sequence that is over': () =>
      lifecycle('checkcommitreadiness', ...definition('every', '1.0', '1')),
    'readiness for a sequence too far': () => lifecycle('checkcommitreadiness', ...definition('every', '1.0', '7')),
    'readiness for an impossible name': () => lifecycle('checkcommitreadiness', ...definition('no!', '1.0', '1')),
    'readiness for an impossible version': () => lifecycle('checkcommitreadiness', ...definition('cc', '!', '1')),
    'an approval of a sequence that is over': () =>
      lifecycle('approveformyorg', ...definition('every', '2.0', '1'), ...network.ordererFlags),
    'an approval of sequence 0': () =>
      lifecycle('approveformyorg', ...definition('cc', '2.0', '0'), ...network.ordererFlags),
    'a commit that nobody approved': () =>
      lifecycle('commit', ...definition('cc', '1.0', '1'), ...network.ordererFlags),
    'a snapshot of a block that is past': () => snapshot('submitrequest', '-b', '1'),
    'a snapshot that is not asked for': () => snapshot('cancelrequest', '-b', '900'),
    'a block from the peer in a channel that it is not in': () => fetchNewest('stranger', network),
  };
  it.each(Object.entries(asked))('%s', async (__, args) => {
    const [ours, go] = await Promise.all([OURS, GO].map((host) => answer(host, args())));
    expect(ours).toEqual(go);
    expect(go?.said).not.toBe('');
  });

  it('members, not administrators, in administration', async () => {
    for (const args of [
      lifecycle('queryinstalled'),
      lifecycle('install', network.file('every.tgz')),
      ['channel', 'join', '-b', network.folder.genesisBlock(CHANNEL)],
      snapshot('listpending'),
    ]) {
      const [ours, go] = await Promise.all([OURS, GO].map((host) => answer(host, args, 'User1')));
      expect(ours).toEqual(go);
    }
  });

  it('who has no part in the application', async () => {
    const { mspId } = network.ordering;
    const stranger = {
      CORE_PEER_LOCALMSPID: mspId,
      CORE_PEER_MSPCONFIGPATH: network.folder.organization(network.ordering).user('Admin').msp,
    };
    for (const args of [
      query('every', ['get', 'a']),
      query('qscc', ['GetChainInfo', CHANNEL]),
      query('cscc', ['GetConfigBlock', CHANNEL]),
      lifecycle('querycommitted', '-C', CHANNEL),
      lifecycle('queryinstalled'),
      ['channel', 'list'],
      snapshot('listpending'),
      fetchNewest(CHANNEL, network),
    ]) {
      const [ours, go] = await Promise.all(
        [OURS, GO].map(async (host) => {
          const flags = args[0] === 'snapshot' ? network.peerFlag(host) : [];
          const { status, stdout, stderr } = await network.peerOf(host).attempt([...args, ...flags], stranger);
          return { status, said: saidIn(`${stdout}${stderr}`) };
        }),
      );
      expect(ours).toEqual(go);
      expect([args[1], go?.status]).toEqual([args[1], 1]);
    }
  });

  async function answer(host: string, args: readonly string[], user = 'Admin') {
    const flags = args[0] === 'snapshot' ? network.peerFlag(host) : [];
    const { status, stdout, stderr } = await network.peerOf(host, user).attempt([...args, ...flags]);
    return { status, said: saidIn(`${stdout}${stderr}`) };
  }
});

function query(name: string, args: readonly string[], channel = CHANNEL): readonly string[] {
  return ['chaincode', 'query', '-C', channel, '-n', name, '-c', JSON.stringify({ Args: args })];
}

function lifecycle(...args: readonly string[]): readonly string[] {
  return ['lifecycle', 'chaincode', ...args];
}

function definition(name: string, version: string, sequence: string): readonly string[] {
  return ['--channelID', CHANNEL, '--name', name, '--version', version, '--sequence', sequence];
}

function snapshot(...args: readonly string[]): readonly string[] {
  return ['snapshot', ...args, '-c', CHANNEL];
}

function fetchNewest(channel: string, network: InteropNetwork): readonly string[] {
  return ['channel', 'fetch', 'newest', network.file('none.block'), '-c', channel];
}

/** Without what differs from call to call. */
function saidIn(text: string): string {
  return text
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'HASH')
    .replaceAll(/Adjusting keepalive.*\n/g, '');
}
