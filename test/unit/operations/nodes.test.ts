import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_KEYS } from '#config/fabric/coreKeys.ts';
import { FabricConfig } from '#config/fabric/fabricConfig.ts';
import { ORDERER_KEYS } from '#config/fabric/ordererKeys.ts';
import { ordererSettings } from '#config/fabric/ordererSettings.ts';
import { peerSettings } from '#config/fabric/peerSettings.ts';
import { joinOrderer } from '#node/client/participation.ts';
import { chainInfo, joinChannel } from '#node/client/systemChaincodes.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { NetworkConnections } from '#node/network/connections.ts';
import { createNetwork } from '#node/network/createNetwork.ts';
import type { OrdererLayout, OrganizationLayout, PeerLayout } from '#node/network/layout.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import { metricsCatalogue } from '#node/operations/metricsCatalogue.ts';
import { OrdererNode } from '#node/ordererNode.ts';
import { Peer } from '#node/peer.ts';

const CHANNEL = 'mychannel';
const LAYOUT = `organizations:
  - { name: Ordering, domain: order.net, orderers: [{ name: orderer, port: 0, adminPort: 0, operationsPort: 0 }] }
  - { name: Org1, peers: [{ port: 0, chaincodePort: 0, operationsPort: 0 }] }
channels: [{ name: ${CHANNEL}, organizations: [Org1] }]
chaincodes: []
`;

const path = mkdtempSync(join(tmpdir(), 'ftl-operations-'));
const folder = new NetworkFolder(join(path, 'network'));
const nothing = (): void => {};
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
let ordering: OrganizationLayout;
let org1: OrganizationLayout;
let connections: NetworkConnections;
let orderer: OrdererNode;
let peer: Peer;

/** Both nodes serve operations with TLS, to clients of the peer's organisation. */
function config(name: 'core' | 'orderer', host: string): FabricConfig {
  const organization = name === 'core' ? org1 : ordering;
  const { tls } = folder.organization(organization).node(host);
  const roots = folder.organization(org1).tlsCaCertificate;
  const environment =
    name === 'core'
      ? {
          CORE_OPERATIONS_TLS_ENABLED: 'true',
          CORE_OPERATIONS_TLS_CERT_FILE: tls.certificate,
          CORE_OPERATIONS_TLS_KEY_FILE: tls.key,
          CORE_OPERATIONS_TLS_CLIENTROOTCAS_FILES: roots,
          CORE_FTL_TRACING_FILE: folder.node(host).records,
        }
      : {
          ORDERER_OPERATIONS_TLS_ENABLED: 'true',
          ORDERER_OPERATIONS_TLS_CERTIFICATE: tls.certificate,
          ORDERER_OPERATIONS_TLS_PRIVATEKEY: tls.key,
          ORDERER_OPERATIONS_TLS_CLIENTROOTCAS: roots,
          ORDERER_FTL_TRACING_FILE: folder.node(host).records,
        };
  return FabricConfig.load({
    name,
    keys: name === 'core' ? CORE_KEYS : ORDERER_KEYS,
    environment: { FABRIC_CFG_PATH: folder.node(host).folder, ...environment },
    workingFolder: path,
  });
}

beforeAll(async () => {
  const layout = await createNetwork(folder.path, LAYOUT);
  [ordering, org1] = layout.organizations as [OrganizationLayout, OrganizationLayout];
  connections = new NetworkConnections({ folder, layout }, { connect });
  const [ordererNode] = ordering.orderers as [OrdererLayout];
  const [peerNode] = org1.peers as [PeerLayout];
  orderer = await OrdererNode.start(ordererSettings(config('orderer', ordererNode.host)), { log });
  peer = await Peer.start(peerSettings(config('core', peerNode.host), {}), { log });
  const genesis = readFileSync(folder.genesisBlock(CHANNEL));
  await joinOrderer(connections.participation(ordering, ordererNode), genesis);
  const client = connections.peer(org1, peerNode);
  const admin = connections.signer(org1, 'Admin');
  await joinChannel(client, genesis, admin);
  await chainInfo(client, CHANNEL, admin);
});
afterAll(async () => {
  await connections.close();
  await peer.stop();
  await orderer.stop();
  rmSync(path, { recursive: true, force: true });
});

function ask(node: { readonly operations: { readonly address: string } }, of: OrganizationLayout, url: string) {
  const [host, port] = node.operations.address.split(':');
  const { tls } = folder.organization(org1).user('Admin');
  return new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const options = {
      host,
      port,
      path: url,
      agent: false as const,
      ca: readFileSync(folder.organization(of).tlsCaCertificate),
      cert: readFileSync(tls.certificate),
      key: readFileSync(tls.key),
    };
    request(options, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => {
        text += part.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

/** Names and types, as the comments before the values tell. */
function typesOf(text: string): Map<string, string> {
  return new Map(Array.from(text.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name = '', type = '']) => [name, type]));
}

describe('a peer', () => {
  it('tells all metrics of the page, with what it has done', async () => {
    const { status, text } = await ask(peer, org1, '/metrics');
    expect(status).toBe(200);
    const told = metricsCatalogue().filter(({ nodes }) => nodes.includes('peer'));
    expect(typesOf(text)).toEqual(new Map(told.map(({ name, type }) => [name, type])));
    for (const line of [
      'fabric_version{version="ftl-0.1.0 (Fabric 3.1)"} 1',
      'ledger_blockchain_height{channel="mychannel"} 1',
      'gossip_state_height{channel="mychannel"} 1',
      'gossip_leader_election_leader{channel="mychannel"} 1',
      'endorser_proposals_received 2',
      'endorser_successful_proposals 2',
      'grpc_server_unary_requests_completed{service="protos_Endorser",method="ProcessProposal",code="OK"} 2',
      'grpc_comm_conn_opened 1',
      'logging_entries_written{level="info"} ',
      'ftl_certificate_expiry_seconds{certificate="enrollment"} ',
      'ftl_certificate_expiry_seconds{certificate="server TLS"} ',
      'ftl_certificate_expiry_seconds{certificate="operations TLS"} ',
      'ftl_trace_dropped_records_total 0',
    ]) {
      expect(text).toContain(`\n${line}`);
    }
    expect(text).toMatch(/^ftl_trace_records_total [1-9]/m);
    expect(text).toMatch(/^ftl_worker_threads [1-9]/m);
  });

  it('is healthy until its ledger cannot be written to', async () => {
    expect(await ask(peer, org1, '/healthz')).toMatchObject({ status: 200 });
    const { data } = folder.node((org1.peers[0] as PeerLayout).host);
    await rename(data, `${data}.away`);
    try {
      // The last answer counts for a moment.
      let answer = await ask(peer, org1, '/healthz');
      while (answer.status === 200) {
        answer = await ask(peer, org1, '/healthz');
      }
      expect(answer.status).toBe(503);
      expect(answer.text).toContain('"failed_checks":[{"component":"ledger","reason":"');
    } finally {
      await rename(`${data}.away`, data);
    }
  });
});

describe('an orderer', () => {
  it('tells all metrics of the page, with what it has done', async () => {
    const { status, text } = await ask(orderer, ordering, '/metrics');
    expect(status).toBe(200);
    const told = metricsCatalogue().filter(({ nodes }) => nodes.includes('orderer'));
    expect(typesOf(text)).toEqual(new Map(told.map(({ name, type }) => [name, type])));
    for (const line of [
      'ledger_blockchain_height{channel="mychannel"} 1',
      'participation_status{channel="mychannel"} 1',
      'participation_consensus_relation{channel="mychannel"} 1',
      'consensus_etcdraft_is_leader{channel="mychannel"} 1',
      'consensus_etcdraft_leader_changes{channel="mychannel"} 1',
      'consensus_etcdraft_committed_block_number{channel="mychannel"} 0',
      'ftl_certificate_expiry_seconds{certificate="admin TLS"} ',
    ]) {
      expect(text).toContain(`\n${line}`);
    }
  });

  it('is not healthy when a channel cannot be ordered that it is there for', async () => {
    expect(await ask(orderer, ordering, '/healthz')).toMatchObject({ status: 200 });
    await orderer.orderer.registrar.chain(CHANNEL)?.consenter.halt();
    const { status, text } = await ask(orderer, ordering, '/healthz');
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ failed_checks: [{ component: `channel ${CHANNEL}` }] });
  });
});
