import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createProposal, signProposal } from '#node/client/proposal.ts';
import { propose } from '#node/client/endorse.ts';
import { submit } from '#node/client/submit.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { NetworkConnections } from '#node/network/connections.ts';
import { createNetwork } from '#node/network/createNetwork.ts';
import { downNetwork } from '#node/network/downNetwork.ts';
import type { OrganizationLayout, PeerLayout } from '#node/network/layout.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import { upNetwork } from '#node/network/upNetwork.ts';
import { FTL } from '../harness/liveNetwork.ts';

const PAGE = fileURLToPath(new URL('../../docs/plugins.md', import.meta.url));
const CHANNEL = 'mychannel';
const LAYOUT = `organizations:
  - { name: Orderer, domain: example.com, orderers: [{ name: orderer, port: 0, adminPort: 0, operationsPort: 0 }] }
  - { name: Org1, peers: &peers [{ port: 0, chaincodePort: 0, operationsPort: 0 }] }
  - { name: Org2, peers: *peers }
channels: [{ name: ${CHANNEL}, batch: { timeout: 100ms } }]
chaincodes:
  - name: assets
    port: 0
    policy: "OR('Org1MSP.peer','Org2MSP.peer')"
    endorsementPlugin: own-clients
    validationPlugin: four-eyes
`;

const base = mkdtempSync(join(tmpdir(), 'ftl-plugins-'));
const folder = new NetworkFolder(join(base, 'network'));
let connections: NetworkConnections;

/** As the page says it, letter by letter: the files beside each peer's `core.yaml`, and what that names them by. */
function followThePage(host: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const { folder: path } = folder.node(host);
  mkdirSync(join(path, 'plugins'));
  const [endorsing, validating] = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);
  writeFileSync(join(path, 'plugins', 'ownClients.ts'), endorsing as string);
  writeFileSync(join(path, 'plugins', 'fourEyes.ts'), validating as string);
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const file = join(path, 'core.yaml');
  const core = parse(readFileSync(file, 'utf8')) as { peer: object };
  writeFileSync(file, stringify({ ...core, peer: { ...core.peer, ...(parse(yaml) as { peer: object }).peer } }));
}

beforeAll(async () => {
  const layout = await createNetwork(folder.path, LAYOUT);
  for (const { host } of layout.organizations.flatMap(({ peers }) => peers)) {
    followThePage(host);
  }
  await upNetwork({ folder, commands: FTL }, { connect, onProgress: () => {} }, AbortSignal.timeout(100_000));
  connections = new NetworkConnections({ folder, layout }, { connect });
});
afterAll(async () => {
  await connections?.close();
  await downNetwork(folder);
  rmSync(base, { recursive: true, force: true });
});

function partsOf(name: string) {
  const organization: OrganizationLayout = connections.organization(name);
  const peer = organization.peers[0] as PeerLayout;
  return {
    signer: connections.signer(organization, 'User1'),
    client: connections.peer(organization, peer),
    commits: connections.watcher(organization, peer, CHANNEL),
  };
}

describe('plugins as the documentation writes them', () => {
  it('decide, in peers that run from anywhere', async () => {
    const [one, two] = [partsOf('Org1'), partsOf('Org2')];
    const request = { channelId: CHANNEL, chaincode: 'assets', args: ['CreateAsset', 'car', 'Ada', '1'] };
    const signed = await signProposal(createProposal(request, one.signer), one.signer);
    const [own, other] = await Promise.all([one, two].map(({ client }) => propose(client, signed)));
    expect(own?.response.status).toBe(200);
    expect(other?.response).toMatchObject({
      status: 500,
      message: 'endorsing with plugin failed: clients of Org1MSP are served elsewhere',
    });
    // The policy in the definition would be content.
    const route = { ...one, endorsers: [one.client], orderer: connections.broadcaster };
    await expect(submit(request, route, AbortSignal.timeout(30_000))).rejects.toMatchObject({
      code: 'not_valid',
      status: 'ENDORSEMENT_POLICY_FAILURE',
    });
  });
});
