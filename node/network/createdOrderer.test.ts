import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { broadcast } from '#node/client/broadcast.ts';
import { deliveredBlocks } from '#node/client/deliver.ts';
import { joinOrderer, ordererChannels } from '#node/client/participation.ts';
import { createProposal } from '#node/client/proposal.ts';
import { assembleTransaction } from '#node/client/transaction.ts';
import { DeliverService } from '#node/deliver/deliverService.ts';
import { ordererDeliver } from '#node/deliver/ordererDeliver.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { GrpcServer } from '#node/grpc/grpcServer.ts';
import { readSigner } from '#node/msp/mspFolder.ts';
import { Orderer, ORDERER_DEFAULTS } from '#node/orderer/orderer.ts';
import { NO_TRACER } from '#node/tracing/tracer.ts';
import { NetworkConnections } from './connections.ts';
import { createNetwork } from './createNetwork.ts';
import type { OrdererLayout, OrganizationLayout } from './layout.ts';
import { NetworkFolder } from './networkFolder.ts';
import { HOST } from './ports.ts';

const path = mkdtempSync(join(tmpdir(), 'ftl-created-'));
const folder = new NetworkFolder(join(path, 'network'));
let ordering: OrganizationLayout;
let layout: OrdererLayout;
let orderer: Orderer;
let server: GrpcServer;
let connections: NetworkConnections;

beforeAll(async () => {
  const network = await createNetwork(folder.path, '');
  ordering = network.organizations.find(({ orderers }) => orderers.length > 0) as OrganizationLayout;
  layout = ordering.orderers[0] as OrdererLayout;
  const paths = folder.organization(ordering);
  const material = paths.node(layout.host);
  const tls = { certificate: readFileSync(material.tls.certificate), key: readFileSync(material.tls.key) };
  orderer = await Orderer.open(
    {
      ...ORDERER_DEFAULTS,
      folder: join(path, 'ledger'),
      pendingFolder: join(path, 'pending'),
      serverCertificate: tls.certificate,
      participation: {
        enabled: true,
        maxRequestBodySize: 1024 * 1024,
        host: HOST,
        port: layout.adminPort,
        tls: { ...tls, clientAuthRequired: true, clientRoots: [readFileSync(paths.tlsCaCertificate)] },
      },
    },
    { signer: readSigner(material.msp, ordering.mspId) },
  );
  const deliver = ordererDeliver(new DeliverService({}, { chains: orderer.registrar, tracer: NO_TRACER }));
  server = await GrpcServer.listen({ address: `${HOST}:${layout.port}`, tls }, [
    { name: 'orderer.AtomicBroadcast', methods: { Broadcast: orderer.broadcast, Deliver: deliver } },
  ]);
  connections = new NetworkConnections({ folder, layout: network }, { connect });
});
afterAll(async () => {
  await connections.close();
  await server.stop();
  await orderer.close();
  rmSync(path, { recursive: true, force: true });
});

describe('an orderer with the material of a network', () => {
  it('is joined to a channel by its administrator, once', async () => {
    const address = connections.participation(ordering, layout);
    const genesis = readFileSync(folder.genesisBlock('mychannel'));
    expect(await ordererChannels(address)).toEqual([]);
    await joinOrderer(address, genesis);
    expect(await ordererChannels(address)).toEqual(['mychannel']);
    await expect(joinOrderer(address, genesis)).rejects.toMatchObject({
      code: 'not_administered',
      status: 405,
      message: expect.stringContaining('channel already exists'),
    });
    await expect(joinOrderer(address, new Uint8Array(3))).rejects.toMatchObject({
      code: 'not_administered',
      status: 400,
    });
    const stranger = connections.organization('Org1');
    const { tls } = folder.organization(stranger).user('Admin');
    const foreign = { ...address, clientCertificate: readFileSync(tls.certificate), clientKey: readFileSync(tls.key) };
    await expect(ordererChannels(foreign)).rejects.toMatchObject({ code: 'call' });
  });

  it('takes transactions of users over TLS, hands out blocks, and turns strangers away', async () => {
    const client = connections.orderer(ordering, layout);
    const user = connections.signer(connections.organization('Org1'), 'User1');
    const proposal = createProposal({ channelId: 'mychannel', chaincode: 'assets', args: ['x'] }, user);
    const nothing = { payload: new Uint8Array(0), endorsements: [] };
    await broadcast(client, await assembleTransaction(proposal, nothing, user));
    const seek = { channelId: 'mychannel', from: 'oldest', to: 1 } as const;
    const numbers = [];
    for await (const block of deliveredBlocks(client, 'orderer', seek, user)) {
      numbers.push(block.number);
    }
    expect(numbers).toEqual([0, 1]);
    // A peer of the organisation reads, but does not write.
    const [peer] = connections.organization('Org1').peers;
    const signer = readSigner(
      folder.organization(connections.organization('Org1')).node(peer?.host ?? '').msp,
      'Org1MSP',
    );
    await expect(broadcast(client, await assembleTransaction(proposal, nothing, signer))).rejects.toMatchObject({
      code: 'not_broadcast',
    });
    expect((await deliveredBlocks(client, 'orderer', seek, signer).next()).value?.number).toBe(0);
  });
});
