import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { computeUpdate } from '#node/channel/computeUpdate.ts';
import type { Config, ConfigGroup } from '#node/channel/configGroup.ts';
import { encodeConfigUpdate } from '#node/channel/configUpdate.ts';
import { configUpdateEnvelope, signConfigUpdate } from '#node/channel/signUpdate.ts';
import { broadcast, Broadcaster } from '#node/client/broadcast.ts';
import { deliveredBlocks } from '#node/client/deliver.ts';
import { joinOrderer, ordererChannels, type ParticipationAddress } from '#node/client/participation.ts';
import { createProposal } from '#node/client/proposal.ts';
import { chainInfo, joinChannel, joinedChannels } from '#node/client/systemChaincodes.ts';
import { assembleTransaction } from '#node/client/transaction.ts';
import { sha256 } from '#node/crypto/hash.ts';
import { Certificate } from '#node/crypto/certificate.ts';
import { deliverBlocks } from '#node/deliver/deliverClient.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import { NetworkConnections } from '#node/network/connections.ts';
import { createNetwork } from '#node/network/createNetwork.ts';
import type { Layout, OrdererLayout, OrganizationLayout, PeerLayout } from '#node/network/layout.ts';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { checkStream, readRecords } from '#node/tracing/testStream.ts';
import { runFtl } from '../harness/ftlProcess.ts';
import { NodeProcess } from '../harness/nodeProcess.ts';

const CHANNEL = 'mychannel';
/** Org2 is to come into the channel later; what the channel will know of it, another genesis block has. */
const LAYOUT = `organizations:
  - { name: Ordering, domain: order.net, orderers: [{ name: orderer, port: 0, adminPort: 0, operationsPort: 0 }] }
  - { name: Org1, peers: &peers [{ port: 0, chaincodePort: 0, operationsPort: 0 }] }
  - { name: Org2, peers: *peers }
channels:
  - { name: mychannel, organizations: [Org1] }
  - { name: both, organizations: [Org1, Org2] }
chaincodes: []
`;

const path = mkdtempSync(join(tmpdir(), 'ftl-own-nodes-'));
const folder = new NetworkFolder(join(path, 'network'));
let layout: Layout;
let ordering: OrganizationLayout;
let org1: OrganizationLayout;
let org2: OrganizationLayout;
let ordererNode: OrdererLayout;
let peerNode: PeerLayout;
let connections: NetworkConnections;
const running = new Set<NodeProcess>();

beforeAll(async () => {
  layout = await createNetwork(folder.path, LAYOUT);
  connections = new NetworkConnections({ folder, layout }, { connect });
  [ordering, org1, org2] = layout.organizations as [OrganizationLayout, OrganizationLayout, OrganizationLayout];
  [ordererNode] = ordering.orderers as [OrdererLayout];
  [peerNode] = org1.peers as [PeerLayout];
});
afterAll(async () => {
  await connections.close();
  await Promise.all(Array.from(running, (node) => node.stop()));
  rmSync(path, { recursive: true, force: true });
});

/** Both ask each client for a certificate of an organisation that they know. */
function ordererEnvironment(): Record<string, string> {
  return {
    FABRIC_CFG_PATH: folder.node(ordererNode.host).folder,
    ORDERER_GENERAL_TLS_CLIENTAUTHREQUIRED: 'true',
    ORDERER_GENERAL_TLS_CLIENTROOTCAS: `[${folder.organization(ordering).tlsCaCertificate}]`,
    ORDERER_FTL_TRACING_FILE: folder.node(ordererNode.host).records,
  };
}

function peerEnvironment(): Record<string, string> {
  return {
    FABRIC_CFG_PATH: folder.node(peerNode.host).folder,
    CORE_PEER_TLS_CLIENTAUTHREQUIRED: 'true',
    CORE_PEER_TLS_CLIENTROOTCAS_FILES: folder.organization(org1).tlsCaCertificate,
    CORE_PEER_DELIVERYCLIENT_RECONNECTTOTALTIMETHRESHOLD: '1h',
    CORE_FTL_TRACING_FILE: folder.node(peerNode.host).records,
  };
}

function start(args: readonly string[], environment: Readonly<Record<string, string>>): NodeProcess {
  const node = new NodeProcess(args, environment);
  running.add(node);
  return node;
}

async function startOrderer(): Promise<NodeProcess> {
  const node = start(['orderer', 'start'], ordererEnvironment());
  await node.says(/^orderer is ready$/);
  return node;
}

async function startPeer(): Promise<NodeProcess> {
  const node = start(['peer', 'node', 'start'], peerEnvironment());
  await node.says(/^peer .* is ready$/);
  return node;
}

/** A connection of an organisation's administrator, who shows the TLS certificate. */
function connectionOf(
  organization: OrganizationLayout | null,
  to: OrganizationLayout,
  { host, port }: OrdererLayout | PeerLayout,
): GrpcClient {
  const tls = organization === null ? null : folder.organization(organization).user('Admin').tls;
  return connect({
    address: `127.0.0.1:${port}`,
    serverName: host,
    tlsRoots: readFileSync(folder.organization(to).tlsCaCertificate),
    ...(tls === null
      ? {}
      : { clientCertificate: { certificate: readFileSync(tls.certificate), key: readFileSync(tls.key) } }),
  });
}

async function withOrderer<T>(from: OrganizationLayout | null, use: (client: GrpcClient) => Promise<T>): Promise<T> {
  return closing(connectionOf(from, ordering, ordererNode), use);
}

async function withPeer<T>(from: OrganizationLayout | null, use: (client: GrpcClient) => Promise<T>): Promise<T> {
  return closing(connectionOf(from, org1, peerNode), use);
}

async function closing<T>(client: GrpcClient, use: (client: GrpcClient) => Promise<T>): Promise<T> {
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** Of a health check: whether the connection is taken at all. */
async function reaches(client: GrpcClient): Promise<string> {
  try {
    return Buffer.from(await client.unary('/grpc.health.v1.Health/Check', new Uint8Array(0))).toString('hex');
  } catch (error) {
    return error instanceof RpcError ? error.status : String(error);
  }
}
const SERVING = '0801';

const height = (): Promise<number> =>
  withPeer(org1, async (client) => (await chainInfo(client, CHANNEL, connections.signer(org1, 'Admin'))).height);

/** A transaction without endorsements: ordered, and then marked invalid. */
async function order(): Promise<void> {
  const user = connections.signer(org1, 'User1');
  const proposal = createProposal({ channelId: CHANNEL, chaincode: 'none', args: ['x'] }, user);
  const envelope = await assembleTransaction(proposal, { payload: new Uint8Array(0), endorsements: [] }, user);
  await withOrderer(org1, (client) => broadcast(client, envelope));
}

const configOf = (channel: string): Config =>
  ChannelBundle.fromBlock(BlockView.fromBytes(readFileSync(folder.genesisBlock(channel)))).config;

function groupAt(config: Config, ...names: readonly string[]): ConfigGroup {
  return names.reduce((group, name) => group.groups.get(name) as ConfigGroup, config.channelGroup as ConfigGroup);
}

/** The update that takes Org2 into the channel. */
async function invitation(): Promise<Uint8Array> {
  const now = configOf(CHANNEL);
  const channelGroup = now.channelGroup as ConfigGroup;
  const application = groupAt(now, 'Application');
  const groups = new Map(application.groups).set(org2.mspId, groupAt(configOf('both'), 'Application', org2.mspId));
  const next: Config = {
    ...now,
    channelGroup: {
      ...channelGroup,
      groups: new Map(channelGroup.groups).set('Application', { ...application, groups }),
    },
  };
  const configUpdate = encodeConfigUpdate(computeUpdate(CHANNEL, now, next));
  const admin = connections.signer(org1, 'Admin');
  const signatures = [await signConfigUpdate(configUpdate, admin)];
  return configUpdateEnvelope(CHANNEL, { configUpdate, signatures }, admin);
}

/** As `osnadmin channel remove` asks for it. */
async function deleteChannel({ host, port, tlsRoots, clientCertificate, clientKey }: ParticipationAddress) {
  const outgoing = requestHttps({
    host,
    port,
    path: `/participation/v1/channels/${CHANNEL}`,
    method: 'DELETE',
    ca: Buffer.from(tlsRoots as string),
    cert: Buffer.from(clientCertificate as string),
    key: Buffer.from(clientKey as string),
    agent: false,
  }).end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

describe('an orderer and a peer, each a process, which know their clients by TLS certificates', () => {
  let orderer: NodeProcess;
  let peer: NodeProcess;

  beforeAll(async () => {
    [orderer, peer] = await Promise.all([startOrderer(), startPeer()]);
  });

  it('take in whom their own configuration names, and nobody else', async () => {
    expect(await withOrderer(ordering, reaches)).toBe(SERVING);
    expect(await withPeer(org1, reaches)).toBe(SERVING);
    expect(await withOrderer(null, reaches)).toBe('UNAVAILABLE');
    expect(await withPeer(null, reaches)).toBe('UNAVAILABLE');
    expect(await withOrderer(org1, reaches)).toBe('UNAVAILABLE');
    expect(await withPeer(ordering, reaches)).toBe('UNAVAILABLE');
  });

  it('join a channel, by the participation API and by cscc, and its blocks flow', async () => {
    const genesis = readFileSync(folder.genesisBlock(CHANNEL));
    const participation = connections.participation(ordering, ordererNode);
    await joinOrderer(participation, genesis);
    expect(await ordererChannels(participation)).toEqual([CHANNEL]);
    // The peer's organisation came with the channel.
    expect(await withOrderer(org1, reaches)).toBe(SERVING);
    const admin = connections.signer(org1, 'Admin');
    await withPeer(org1, (client) => joinChannel(client, genesis, admin));
    expect(await withPeer(org1, (client) => joinedChannels(client, admin))).toEqual([CHANNEL]);
    expect(await withPeer(ordering, reaches)).toBe(SERVING);
    await order();
    await expect.poll(height, { timeout: 30_000 }).toBe(2);
    const tlsCertHash = sha256(
      Certificate.fromPem(readFileSync(folder.organization(org1).user('Admin').tls.certificate)).raw,
    );
    const seek = { channelId: CHANNEL, from: 'oldest', to: 1 } as const;
    const delivered = (bound: boolean): Promise<readonly number[]> =>
      withPeer(org1, async (client) => {
        const blocks = deliveredBlocks(client, 'peer', bound ? { ...seek, tlsCertHash } : seek, admin);
        return (await Array.fromAsync(blocks)).map(({ number }) => number);
      });
    expect(await delivered(true)).toEqual([0, 1]);
    // With mutual TLS a request is good for the connection of its own client only.
    await expect(delivered(false)).rejects.toMatchObject({ code: 'not_delivered' });
  });

  it('take in an organisation from the configuration on that takes it into the channel', async () => {
    expect(await withOrderer(org2, reaches)).toBe('UNAVAILABLE');
    expect(await withPeer(org2, reaches)).toBe('UNAVAILABLE');
    const update = await invitation();
    await withOrderer(org1, (client) => broadcast(client, update));
    await expect.poll(height, { timeout: 30_000 }).toBe(3);
    expect(await withOrderer(org2, reaches)).toBe(SERVING);
    await expect.poll(() => withPeer(org2, reaches), { timeout: 10_000 }).toBe(SERVING);
  });

  it('end in order when they are told to, and go on where they ended', async () => {
    for (const node of [peer, orderer]) {
      expect(await node.stop()).toMatchObject({ status: 0, signal: null });
      expect(node.log.at(-1)?.msg).toBe('stopped');
    }
    for (const { host } of [peerNode, ordererNode]) {
      const records = readRecords(folder.node(host).records);
      expect(records.at(-1)?.ftl.point).toBe('seal');
      expect(checkStream(records)).toEqual({ broken: [], missing: [] });
    }
    [orderer, peer] = await Promise.all([startOrderer(), startPeer()]);
    expect(await height()).toBe(3);
    // From the ledgers, not from the configuration files.
    expect(await withOrderer(org2, reaches)).toBe(SERVING);
    expect(await withPeer(org2, reaches)).toBe(SERVING);
    await order();
    await expect.poll(height, { timeout: 30_000 }).toBe(4);
  });

  it('say what keeps them from starting, and start no half', async () => {
    const expired = issueTls(
      issueAuthority('tlsca', 'org1', new Date('2001-01-01')),
      'x',
      ['x'],
      new Date('2001-01-01'),
    );
    const file = (name: string, text: string): string => {
      writeFileSync(join(path, name), text);
      return join(path, name);
    };
    const certificate = file('expired.pem', expired.certificatePem);
    const key = file('expired.key', expired.keyPem);
    const garbage = file('garbage.pem', 'no certificate');
    const foreign = folder.organization(org2).user('Admin');
    const other = { CORE_PEER_LISTENADDRESS: '127.0.0.1:0', CORE_PEER_FILESYSTEMPATH: join(path, 'other') };
    const cases: readonly [Record<string, string>, RegExp][] = [
      [
        { CORE_PEER_TLS_CERT_FILE: certificate, CORE_PEER_TLS_KEY_FILE: key },
        /the TLS certificate of .* expired at 20/,
      ],
      [
        { CORE_PEER_TLS_KEY_FILE: foreign.tls.key },
        /the TLS certificate of .* belongs to another key than the one that/,
      ],
      [{ CORE_PEER_TLS_CERT_FILE: garbage }, /the TLS certificate cannot be read: is the file a PEM certificate/],
      [
        { CORE_PEER_TLS_CERT_FILE: join(path, 'none.pem') },
        /peer.tls.cert.file names .*none.pem, which cannot be read/,
      ],
      [{ CORE_PEER_MSPCONFIGPATH: join(path, 'none') }, /none/],
      // Where there can be no folder at all.
      [{ CORE_PEER_FILESYSTEMPATH: join(certificate, 'ledgers') }, /EEXIST|ENOTDIR/],
      [{ CORE_PEER_FILESYSTEMPATH: '/proc/none/ledgers' }, /mkdir '\/proc/],
      [{ CORE_PEER_KEEPALIVE_INTERVAL: 'soon' }, /peer.keepalive.interval is "soon", which is no duration/],
      [{ CORE_PEER_LISTENADDRESS: `127.0.0.1:${peerNode.port}` }, /127.0.0.1:\d+ is taken by another process/],
    ];
    for (const [environment, message] of cases) {
      const { status, stderr } = await runFtl(['peer', 'node', 'start'], {
        environment: {
          ...peerEnvironment(),
          ...other,
          CORE_PEER_CHAINCODELISTENADDRESS: '127.0.0.1:0',
          CORE_OPERATIONS_LISTENADDRESS: '127.0.0.1:0',
          CORE_FTL_TRACING_FILE: join(path, 'other.ndjson'),
          ...environment,
        },
      });
      expect({ status, last: stderr.trimEnd().split('\n').at(-1) }).toEqual({
        status: 1,
        last: expect.stringMatching(message),
      });
    }
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { readonly port: number };
    const ofOrderers: readonly [Record<string, string>, RegExp][] = [
      [{ ORDERER_GENERAL_LISTENPORT: String(port) }, /^ftl: 127\.0\.0\.1:\d+ is taken by another process/],
      [
        { ORDERER_ADMIN_LISTENADDRESS: `127.0.0.1:${port}` },
        /^ftl: 127\.0\.0\.1:\d+, the address of the administrators' service, is taken by another process/,
      ],
      [
        { ORDERER_OPERATIONS_LISTENADDRESS: `127.0.0.1:${port}` },
        /^ftl: 127\.0\.0\.1:\d+, the address of the operations service, is taken by another process/,
      ],
      [{ ORDERER_GENERAL_TLS_CERTIFICATE: garbage }, /^ftl: the TLS certificate cannot be read/],
      [{ ORDERER_ADMIN_TLS_CERTIFICATE: garbage }, /^ftl: the admin TLS certificate cannot be read/],
      [{ ORDERER_FILELEDGER_LOCATION: '/proc/none/ledgers' }, /mkdir '\/proc/],
    ];
    for (const [environment, message] of ofOrderers) {
      const { status, stderr } = await runFtl(['orderer'], {
        environment: {
          ...ordererEnvironment(),
          ORDERER_GENERAL_LISTENPORT: '0',
          ORDERER_ADMIN_LISTENADDRESS: '127.0.0.1:0',
          ORDERER_OPERATIONS_LISTENADDRESS: '127.0.0.1:0',
          ORDERER_FILELEDGER_LOCATION: join(path, 'otherLedger'),
          ORDERER_CONSENSUS_WALDIR: join(path, 'otherWal'),
          ORDERER_FTL_TRACING_FILE: join(path, 'other.ndjson'),
          ...environment,
        },
      });
      expect({ status, last: stderr.trimEnd().split('\n').at(-1) }).toEqual({
        status: 1,
        last: expect.stringMatching(message),
      });
    }
    taken.close();
  });

  it('let go of readers and writers of a channel that the orderer leaves, and join it again', async () => {
    const admin = connections.signer(org1, 'Admin');
    const participation = connections.participation(ordering, ordererNode);
    const tlsCertHash = sha256(
      Certificate.fromPem(readFileSync(folder.organization(org1).user('Admin').tls.certificate)).raw,
    );
    await withOrderer(org1, async (client) => {
      const seen: number[] = [];
      const follow = async (): Promise<void> => {
        const { signal } = new AbortController();
        const request = {
          client,
          service: 'orderer',
          signer: admin,
          channelId: CHANNEL,
          from: 0,
          tlsCertHash,
        } as const;
        for await (const { number } of deliverBlocks({ ...request, signal })) {
          seen.push(number);
        }
      };
      const writer = new Broadcaster(client);
      const reading = follow();
      reading.catch(() => {});
      await expect.poll(() => seen).toEqual([0, 1, 2, 3]);
      await order();
      await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe(4);
      expect(await deleteChannel(participation)).toBe(204);
      await expect(reading).rejects.toMatchObject({ code: 'status', status: 'SERVICE_UNAVAILABLE' });
      await expect(writer.send(await invitation())).rejects.toMatchObject({
        code: 'not_broadcast',
        message: expect.stringContaining('BAD_REQUEST: channel does not exist'),
      });
      await expect(follow()).rejects.toMatchObject({ status: 'NOT_FOUND' });
      await expect.poll(() => ordererChannels(participation)).toEqual([]);
      expect(await deleteChannel(participation)).toBe(404);
      await joinOrderer(participation, readFileSync(folder.genesisBlock(CHANNEL)));
      await expect(joinOrderer(participation, readFileSync(folder.genesisBlock(CHANNEL)))).rejects.toMatchObject({
        status: 405,
      });
      writer.close();
    });
    // What the peer has, it keeps.
    await expect.poll(height).toBe(5);
  });

  it('end in order when they are told to while they start', async () => {
    await orderer.stop('SIGINT');
    const starting = start(['orderer', 'start'], ordererEnvironment());
    await starting.says(/^configuration read$/);
    expect(await starting.stop()).toMatchObject({ status: 0, signal: null });
  });
});
