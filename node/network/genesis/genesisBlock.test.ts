import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { decodeToJson, encodeFromJson } from '#node/channel/json/protolator.ts';
import { BlockPipeline } from '#node/commit/blockPipeline.ts';
import { ShadowLedger } from '#node/commit/shadowLedger.ts';
import { MemoryStateDatabase } from '#node/ledger/state/memoryStateDatabase.ts';
import { readSigner } from '#node/msp/mspFolder.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { createMaterial } from '../material/createMaterial.ts';
import { organizationPaths } from '../material/materialPaths.ts';
import type { ChannelProfile } from './channelProfile.ts';
import { genesisBlock } from './genesisBlock.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-genesis-'));
const root = join(folder, 'crypto-config');
const org1 = organizationPaths(root, 'peer', 'org1.example.com');
const org2 = organizationPaths(root, 'peer', 'org2.example.com');
const ordering = organizationPaths(root, 'orderer', 'example.com');

beforeAll(async () => {
  await createMaterial(root, [
    { kind: 'peer', domain: 'org1.example.com', nodes: [{ hostname: 'peer0' }] },
    { kind: 'peer', domain: 'org2.example.com', nodes: [{ hostname: 'peer0' }] },
    { kind: 'orderer', domain: 'example.com', nodes: [{ hostname: 'orderer' }], users: 0 },
  ]);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function profile(more: Partial<ChannelProfile> = {}): ChannelProfile {
  const certificate = readFileSync(ordering.node('orderer.example.com').tls.certificate);
  return {
    channelId: 'mychannel',
    orderer: {
      organizations: [{ mspId: 'OrdererMSP', mspFolder: ordering.msp, endpoints: ['localhost:7050'] }],
      consenters: [
        { host: 'localhost', port: 7050, clientTlsCertificate: certificate, serverTlsCertificate: certificate },
      ],
      batchSize: { maxMessageCount: 10 },
      batchTimeout: '500ms',
    },
    application: {
      organizations: [
        { mspId: 'Org1MSP', mspFolder: org1.msp, anchorPeers: [{ host: 'localhost', port: 7051 }] },
        { mspId: 'Org2MSP', mspFolder: org2.msp },
      ],
      acls: { 'peer/Propose': '/Channel/Application/Admins' },
    },
    ...more,
  };
}

const bundleOf = (block: Uint8Array): ChannelBundle => ChannelBundle.fromBlock(BlockView.fromBytes(block));

describe('a genesis block', () => {
  it.each([
    ['V2_0', 'V2_0'],
    ['V2_0', 'V2_5'],
    ['V3_0', 'V2_5'],
  ] as const)('configures a channel with capabilities %s and %s', (channel, application) => {
    const bundle = bundleOf(genesisBlock(profile({ capabilities: { channel, application } })));
    bundle.requireSupported('peer');
    bundle.requireSupported('orderer');
    expect(bundle.channelId).toBe('mychannel');
    expect(bundle.orderer).toMatchObject({
      consensusType: 'etcdraft',
      batchSize: { maxMessageCount: 10, absoluteMaxBytes: 10485760, preferredMaxBytes: 2097152 },
      batchTimeoutMs: 500,
    });
    expect(bundle.orderer?.raftMetadata()?.getConsentersList()[0]?.getPort()).toBe(7050);
    expect(bundle.orderer?.organizations[0]?.endpoints).toEqual(['localhost:7050']);
    expect(bundle.application?.organizations.map(({ name }) => name)).toEqual(['Org1MSP', 'Org2MSP']);
    expect(bundle.policies.policy('/Channel/Application/LifecycleEndorsement')).not.toBeNull();
    expect(bundle.policies.policy('/Channel/Orderer/BlockValidation')).not.toBeNull();
  });

  it('is what a peer begins its ledger with', async () => {
    const view = BlockView.fromBytes(genesisBlock(profile()));
    const pipeline = await BlockPipeline.open(
      {},
      {
        ledger: new ShadowLedger(
          { channelId: 'mychannel', byTxId: () => Promise.resolve(null), byNumber: () => Promise.resolve(null) },
          new MemoryStateDatabase(),
        ),
      },
    );
    const committed = await pipeline.commit({ view });
    expect(committed.number).toBe(0);
    expect(pipeline.bundle?.application?.organizations).toHaveLength(2);
  });

  it('lets clients write, peers endorse and administrators change it, and nobody else', async () => {
    const { policies } = bundleOf(genesisBlock(profile()));
    const data = new TextEncoder().encode('data');
    const meets = async (path: string, folders: readonly (readonly [string, string])[]): Promise<boolean> => {
      const signed = await Promise.all(
        folders.map(async ([mspFolder, mspId]) => {
          const signer = readSigner(mspFolder, mspId);
          return { data, identity: signer.identity, signature: await signer.sign(data) };
        }),
      );
      return (await policies.policyOrReject(path).evaluate(signed)).satisfied;
    };
    const user = [org1.user('User1').msp, 'Org1MSP'] as const;
    const admins = [
      [org1.user('Admin').msp, 'Org1MSP'],
      [org2.user('Admin').msp, 'Org2MSP'],
    ] as const;
    const peers = [
      [org1.node('peer0.org1.example.com').msp, 'Org1MSP'],
      [org2.node('peer0.org2.example.com').msp, 'Org2MSP'],
    ] as const;
    expect(await meets('/Channel/Application/Writers', [user])).toBe(true);
    expect(await meets('/Channel/Application/Writers', [peers[0]])).toBe(false);
    expect(await meets('/Channel/Application/Endorsement', peers)).toBe(true);
    expect(await meets('/Channel/Application/Endorsement', [peers[0]])).toBe(false);
    expect(await meets('/Channel/Application/Admins', admins)).toBe(true);
    expect(await meets('/Channel/Application/Admins', [user, admins[0]])).toBe(false);
    expect(
      await meets('/Channel/Orderer/BlockValidation', [[ordering.node('orderer.example.com').msp, 'OrdererMSP']]),
    ).toBe(true);
  });

  it('goes through JSON and back without losing a byte', () => {
    const block = genesisBlock(profile());
    expect(Buffer.from(encodeFromJson('common.Block', decodeToJson('common.Block', block)))).toEqual(
      Buffer.from(block),
    );
  });

  it('is made anew from the same nonce and time, and else differs', () => {
    const options = { now: new Date(1000), nonce: new Uint8Array(24) };
    expect(genesisBlock(profile(), options)).toEqual(genesisBlock(profile(), options));
    expect(genesisBlock(profile())).not.toEqual(genesisBlock(profile()));
  });

  it.each([
    ['a name', profileError({ channelId: 'My Channel' }), /channel My Channel/],
    ['a rule', profileError({ policies: { Readers: 'MOST Readers' } }), /MOST/],
    ['a folder', profileError({ application: { organizations: [{ mspId: 'X', mspFolder: '/nowhere' }] } }), /nowhere/],
  ])('says what is wrong with %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

function profileError(more: Partial<ChannelProfile>): () => unknown {
  return () => genesisBlock(profile(more));
}
