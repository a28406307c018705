import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parsePolicy } from '#node/policy/policyDsl.ts';
import type { OrganizationLayout, PeerLayout } from '#node/network/layout.ts';
import { BlockView } from '#node/protos/blockView.ts';
import type { TraceSummary } from '#trace/trace.ts';
import { finished, runFtl, spawnFtl } from '../harness/ftlProcess.ts';
import { chainInfo, deploy, invoke, joinOrderer, joinPeers, query, reaches } from './channel.ts';
import { batchSize, makeUpdate } from './configUpdate.ts';
import { GoTools } from './goTools.ts';
import { CHANNEL, type InteropOptions, type Maker } from './interopLayout.ts';
import { InteropNetwork } from './interopNetwork.ts';
import { serveChaincode } from './serviceChaincode.ts';
import { until } from './until.ts';

const CONTRACT = fileURLToPath(new URL('../chaincode/contract', import.meta.url));
const ASSETS = fileURLToPath(new URL('../../node/network/sample', import.meta.url));
const ORDERER = 'orderer.example.com';
const [PEER1, SPARE1, PEER2, SPARE2] = [
  'peer0.org1.example.com',
  'peer1.org1.example.com',
  'peer0.org2.example.com',
  'peer1.org2.example.com',
] as const;
const PEERS = [PEER1, SPARE1, PEER2, SPARE2] as const;
const BOTH = [PEER1, PEER2] as const;

type Makers = Required<InteropOptions>['nodes'];
const MIXED: Makers = { [PEER1]: 'ours', [SPARE1]: 'go', [PEER2]: 'go', [SPARE2]: 'ours' };

const cases = (await GoTools.all()).flatMap((tools) => [
  [`${tools.release}: FTL's orderer`, tools, 'go', { ...MIXED, [ORDERER]: 'ours' }] as const,
  [`${tools.release}: Go's orderer`, tools, 'ours', { ...MIXED, [ORDERER]: 'go' }] as const,
]);

describe.each(cases)(
  "FTL's and Go's peers in one channel, in each organisation (%s)",
  (...[, tools, material, nodes]) => {
    let network: InteropNetwork;
    const stack = new AsyncDisposableStack();

    beforeAll(async () => {
      network = stack.use(await start(tools, material, nodes));
      await joinOrderer(network);
      await joinPeers(network, ...PEERS);
    });
    afterAll(() => stack.disposeAsync());

    it('a chaincode that runs as a service is installed, approved and committed at both', async () => {
      const every = await serveChaincode(network, stack, { name: 'every', folder: CONTRACT });
      const policy = ['--signature-policy', "OR('Org1MSP.peer', 'Org2MSP.peer')"];
      await deploy(network, { ...every, hosts: BOTH, definition: ['--sequence', '1', ...policy] });
      const assets = await serveChaincode(network, stack, { name: 'assets', folder: ASSETS });
      const collections = network.file('collections.json');
      const collection = { name: 'assetDetails', policy: "OR('Org1MSP.member', 'Org2MSP.member')" };
      const counts = { requiredPeerCount: 0, maxPeerCount: 1, blockToLive: 3, memberOnlyRead: true };
      writeFileSync(collections, JSON.stringify([{ ...collection, ...counts }]));
      await deploy(network, {
        ...assets,
        hosts: BOTH,
        definition: ['--sequence', '1', '--collections-config', collections],
      });
      for (const host of [SPARE1, SPARE2]) {
        for (const { packageFile } of [every, assets]) {
          await network.peerOf(host).run('lifecycle', 'chaincode', 'install', packageFile);
        }
      }
      for (const host of PEERS) {
        await until(`${host} has both definitions`, async () => {
          const committed = await network.peerOf(host).run('lifecycle', 'chaincode', 'querycommitted', '-C', CHANNEL);
          return committed.includes('every') && committed.includes('assets');
        });
        expect(await network.peerOf(host).run('lifecycle', 'chaincode', 'queryinstalled')).toContain(every.packageId);
      }
    });

    it('both endorse, together and each by itself', async () => {
      await invoke(network, BOTH, 'assets', ['CreateAsset', 'car', 'ann', '10']);
      await invoke(network, [PEER1], 'every', ['put', 'by', 'the first']);
      await invoke(network, [PEER2], 'every', ['put', 'by', 'the second']);
      await invoke(network, BOTH, 'every', ['putComposite', 'colour', 'red car']);
      await invoke(network, BOTH, 'every', ['putMany', 'k', '40']);
      await invoke(network, BOTH, 'every', ['event', 'painted', 'red']);
      await invoke(network, BOTH, 'every', ['delete', 'k0007']);
      expect(await query(network, PEER1, 'every', ['call', 'assets', CHANNEL, 'ReadAsset car'])).toContain('ann');
      await invoke(network, BOTH, 'every', ['call', 'assets', '', 'CreateAsset bus bob 20']);
    });

    it('private data stay with those who endorsed, their hashes with all, and go when their time is over', async () => {
      const details = ['--transient', JSON.stringify({ details: Buffer.from('rusty').toString('base64') })];
      await invoke(network, BOTH, 'assets', ['SetDetails', 'car'], details);
      for (const host of BOTH) {
        expect(await query(network, host, 'assets', ['ReadDetails', 'car'])).toBe('rusty');
      }
      for (const number of ['1', '2', '3', '4', '5']) {
        await invoke(network, BOTH, 'assets', ['UpdateAsset', 'bus', number]);
      }
      for (const host of BOTH) {
        const args = ['-C', CHANNEL, '-n', 'assets', '-c', '{"Args":["ReadDetails","car"]}'];
        expect(await network.peerOf(host).fails('chaincode', 'query', ...args)).toContain('there are no details');
      }
    });

    it('transactions that must not count do not count at either', async () => {
      // One of those that are in a block together counts.
      const racing = Array.from({ length: 6 }, (_, index) =>
        network
          .peerOf(PEER1)
          .attempt(invocation(network, BOTH, 'assets', ['CreateAsset', 'van', `racer${index}`, '1'])),
      );
      const racers = await Promise.all(racing);
      expect(racers.filter(({ status }) => status === 0).length).toBe(1);
      // A key with a policy of its own, which is stricter than the chaincode's.
      const policy = Buffer.from(parsePolicy("AND('Org1MSP.peer', 'Org2MSP.peer')").serializeBinary()).toString('hex');
      await invoke(network, BOTH, 'every', ['put', 'guarded', 'yes']);
      await invoke(network, BOTH, 'every', ['setPolicy', 'guarded', policy]);
      for (const host of BOTH) {
        const refused = await network
          .peerOf(host)
          .attempt(invocation(network, [host], 'every', ['put', 'guarded', 'no']));
        expect(refused.stderr).toContain('transaction invalidated with status (ENDORSEMENT_POLICY_FAILURE)');
        expect(await query(network, host, 'every', ['get', 'guarded'])).toBe('yes');
      }
      await invoke(network, BOTH, 'every', ['put', 'guarded', 'well']);
    });

    it('what chaincodes answer about the same key is the same', async () => {
      await level(network);
      const asked: readonly (readonly [string, readonly string[]])[] = [
        ['every', ['get', 'by']],
        ['every', ['range', '', '']],
        ['every', ['page', 'k', 'l', '7', 'k0009']],
        ['every', ['composite', 'colour', 'red']],
        ['every', ['history', 'by']],
        ['every', ['getPolicy', 'guarded']],
        ['assets', ['ListAssets', '']],
        ['assets', ['AssetHistory', 'bus']],
      ];
      for (const [name, args] of asked) {
        const answers = await Promise.all(PEERS.map((host) => query(network, host, name, args)));
        expect(new Set(answers), `${name} ${args.join(' ')}`).toEqual(new Set([answers[0]]));
        expect(answers[0]?.length).toBeGreaterThan(2);
      }
    });

    it('a configuration update reaches both', async () => {
      const update = await makeUpdate(network, network.peerOf(PEER1), (config) => {
        batchSize(config)['max_message_count'] = 3;
      });
      await network.ordererAdmin.run('channel', 'update', '-f', update, '-c', CHANNEL, ...network.ordererFlags);
      await invoke(network, BOTH, 'every', ['put', 'after', 'update']);
      await level(network);
      const file = network.file('config.block');
      const fetched = BOTH.map(async (host) => {
        await network.peerOf(host).run('channel', 'fetch', 'config', `${file}-${host}`, '-c', CHANNEL);
        return readFileSync(`${file}-${host}`);
      });
      const [ours, go] = await Promise.all(fetched);
      expect(ours).toEqual(go);
      expect(BlockView.fromBytes(ours as Buffer).number).toBeGreaterThan(0);
    });

    it('a peer of each that was away catches up', async () => {
      await Promise.all([SPARE1, SPARE2].map((host) => network.stopNode(host)));
      await invoke(network, BOTH, 'every', ['put', 'while', 'away']);
      await Promise.all([SPARE1, SPARE2].map((host) => network.startNode(host)));
      await level(network);
      for (const host of [SPARE1, SPARE2]) {
        expect(await query(network, host, 'every', ['get', 'while'])).toBe('away');
      }
    });

    it('the orderer was away and goes on', async () => {
      await network.stopNode(ORDERER);
      await network.startNode(ORDERER);
      await until('it has a leader', async () => {
        const put = invocation(network, BOTH, 'every', ['put', 'orderer', 'back']);
        return (await network.peerOf(PEER1).attempt(put)).status === 0;
      });
      expect(await query(network, PEER2, 'every', ['get', 'orderer'])).toBe('back');
    });

    it('every block is the same at all, with codes and commit hashes', async () => {
      const height = await level(network);
      const [first, ...others] = await Promise.all(PEERS.map((host) => chainInfo(network.peerOf(host))));
      for (const other of others) {
        expect(other).toEqual(first);
      }
      for (let number = 0; number < height; number++) {
        const blocks = await Promise.all(PEERS.map((host) => block(network, host, number)));
        const view = BlockView.fromBytes(blocks[0] as Buffer);
        expect(view.commitHash?.length ?? 0).toBe(number === 0 ? 0 : 32);
        for (const [index, other] of blocks.entries()) {
          expect(other.equals(blocks[0] as Buffer), `block ${number} of ${PEERS[index]}`).toBe(true);
        }
      }
    });

    it('a collector follows a peer of each, as any client would, and hears the same of every transaction', async () => {
      const last = (await level(network)) - 1;
      const [ours, go] = await Promise.all(BOTH.map((host) => collected(network, host, last)));
      expect(ours).toEqual(go);
      expect(ours?.length).toBeGreaterThan(20);
      expect(new Set(ours?.map(({ code }) => code))).toContain('MVCC_READ_CONFLICT');
    });

    it('their snapshots are the same, file by file', async () => {
      const last = (await level(network)) - 1;
      await Promise.all(
        PEERS.map((host) =>
          network.peerOf(host).run('snapshot', 'submitrequest', '-c', CHANNEL, ...network.peerFlag(host)),
        ),
      );
      const made = await Promise.all(
        PEERS.map(async (host) => {
          const folder = join(network.folder.node(host).data, 'snapshots', 'completed', CHANNEL, String(last));
          const file = join(folder, '_snapshot_signable_metadata.json');
          let content: unknown;
          await until(`${host} made a snapshot`, () => {
            content = JSON.parse(readFileSync(file, 'utf8'));
            return true;
          });
          return content;
        }),
      );
      for (const other of made) {
        expect(other).toEqual(made[0]);
      }
    });

    it('ftl ledger verify finds all as it must be in both', async () => {
      await Promise.all(PEERS.map((host) => network.stopNode(host)));
      for (const host of PEERS) {
        const folder = join(network.folder.node(host).data, 'ledgersData');
        const { status, stdout, stderr } = await runFtl(['ledger', 'verify', '--ledger', folder, '--channel', CHANNEL]);
        expect([host, status, stdout, stderr]).toEqual([host, 0, expect.anything(), expect.anything()]);
      }
    });
  },
);

function start(tools: GoTools, material: Maker, nodes: Makers): Promise<InteropNetwork> {
  return InteropNetwork.start(tools, { material, nodes, organizations: { Org1: 2, Org2: 2 } });
}

function invocation(
  network: InteropNetwork,
  hosts: readonly string[],
  name: string,
  args: readonly string[],
): readonly string[] {
  const what = ['-C', CHANNEL, '-n', name, '-c', JSON.stringify({ Args: args }), '--waitForEvent'];
  return ['chaincode', 'invoke', ...what, ...network.ordererFlags, ...network.peerFlags(...hosts)];
}

/** Waits until all have as many blocks as the one that has most. */
async function level(network: InteropNetwork): Promise<number> {
  const heights = await Promise.all(PEERS.map(async (host) => (await chainInfo(network.peerOf(host))).height));
  const height = Math.max(...heights);
  await Promise.all(PEERS.map((host) => reaches(network.peerOf(host), height)));
  return height;
}

/** What `ftl collect` makes of a peer's Deliver service, up to a block. */
async function collected(network: InteropNetwork, host: string, last: number) {
  const isIt = (one: PeerLayout): boolean => one.host === host;
  const organization = network.layout.organizations.find(({ peers }) => peers.some(isIt)) as OrganizationLayout;
  const { port } = organization.peers.find(isIt) as PeerLayout;
  const paths = network.folder.organization(organization);
  const deliver = network.file(`${host}-deliver.yaml`);
  const target = {
    address: `127.0.0.1:${port}`,
    serverName: host,
    tlsRoots: paths.tlsCaCertificate,
    mspId: organization.mspId,
    msp: paths.user('User1').msp,
    channels: [CHANNEL],
  };
  writeFileSync(deliver, stringify({ deliver: [target] }));
  const store = `sqlite:${network.file(`${host}.db`)}`;
  const child = spawnFtl(['collect', '--deliver', deliver, '--store', store]);
  const ended = finished(child);
  let traces: { readonly txId: string; readonly code: string | null; readonly block: number | undefined }[] = [];
  try {
    await until(`block ${last} of ${host} is in the store`, async () => {
      const { stdout } = await runFtl(['traces', '--json', '--store', store]);
      traces = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Pick<TraceSummary, 'txId' | 'code' | 'block'>)
        .map(({ txId, code, block: place }) => ({ txId, code, block: place?.number }));
      return traces.some(({ block: number }) => number === last);
    });
  } finally {
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect([status, stderr]).toEqual([0, expect.not.stringMatching(/error/i)]);
  }
  return traces.toSorted((a, b) => (a.txId < b.txId ? -1 : 1));
}

async function block(network: InteropNetwork, host: string, number: number): Promise<Buffer> {
  const file = network.file(`${host}-${number}.block`);
  await network.peerOf(host).run('channel', 'fetch', String(number), file, '-c', CHANNEL);
  return readFileSync(file);
}
