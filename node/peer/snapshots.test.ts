import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { common, peer as protos } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { Signer } from '#node/crypto/sign.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { GrpcServer } from '#node/grpc/grpcServer.ts';
import { authority, issue, setup } from '#node/msp/testAuthority.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { recordedChain, stateOf } from '#test/unit/commitBlocks.ts';
import { AccessControl } from './accessControl.ts';
import { snapshotService } from './snapshotService.ts';
import { reached, testPeer } from './testPeer.ts';

const root = authority('root of Org1');
const access = new AccessControl({ localMsp: setup([root], { mspId: 'Org1MSP' }) });
const { blocks, channel: channelId } = recordedChain('v3.1.5');
const genesis = BlockView.fromBytes(blocks[0] as Uint8Array);

function signerOf(unit: string, notAfter = new Date('2054-01-01T00:00:00Z')): Signer {
  const holder = issue(root, { name: unit, units: [unit], notAfter });
  const keyPem = holder.privateKey.export({ type: 'pkcs8', format: 'pem' });
  return new Signer({ mspId: 'Org1MSP', keyPem, certificatePem: holder.pem });
}

const admin = signerOf('admin');

function signed(message: protos.SnapshotRequest | protos.SnapshotQuery, signer: Signer): Uint8Array {
  const header = new common.SignatureHeader();
  header.setCreator(signer.identity);
  message.setSignatureHeader(header);
  const bytes = message.serializeBinary();
  const envelope = new protos.SignedSnapshotRequest();
  envelope.setRequest(bytes);
  envelope.setSignature(signer.signSync(bytes));
  return envelope.serializeBinary();
}

function request(block: number, channel = channelId): protos.SnapshotRequest {
  const message = new protos.SnapshotRequest();
  message.setChannelId(channel);
  message.setBlockNumber(block);
  return message;
}

/** A peer whose service is called over gRPC; `done` resolves with the next snapshot that was made. */
async function rig(count: number) {
  const waiting: ((block: number) => void)[] = [];
  const made: number[] = [];
  const peer = await testPeer(
    blocks.slice(0, count),
    {},
    {
      onSnapshot: (_, block, error) => {
        expect(error).toBeNull();
        made.push(block);
        waiting.shift()?.(block);
      },
    },
  );
  const service = snapshotService({ access, channels: { channel: (id) => peer.channels.channel(id) } });
  const server = await GrpcServer.listen({ address: '127.0.0.1:0', tls: null }, [service]);
  const client = connect({ address: server.address, tlsRoots: null });
  const call = (method: string, message: Uint8Array) => client.unary(`/protos.Snapshot/${method}`, message);
  return {
    peer,
    made,
    call,
    generate: (block: number, signer = admin) => call('Generate', signed(request(block), signer)),
    cancel: (block: number, signer = admin) => call('Cancel', signed(request(block), signer)),
    async pending() {
      const query = new protos.SnapshotQuery();
      query.setChannelId(channelId);
      const answer = await call('QueryPendings', signed(query, admin));
      return protos.QueryPendingSnapshotsResponse.deserializeBinary(answer).getBlockNumbersList();
    },
    next: () => new Promise<number>((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      client.close();
      await server.stop();
      await peer[Symbol.asyncDispose]();
    },
  };
}

describe('snapshots', () => {
  it('are made when their block comes, outlive a restart, and a channel can be begun from them', async () => {
    await using test = await rig(10);
    const joined = await test.peer.channels.join(genesis);
    await reached(joined, 9);
    await test.generate(14);
    await test.generate(12);
    await test.generate(30);
    expect(await test.pending()).toEqual([12, 14, 30]);
    await test.cancel(14);

    const again = await test.peer.restart();
    expect(await test.pending()).toEqual([12, 30]);
    const made = test.next();
    test.peer.sources.get(channelId)?.add(...blocks.slice(10, 25));
    expect(await made).toBe(12);
    await reached(again.channel(channelId), 24);
    expect(await test.pending()).toEqual([30]);
    const folder = join(test.peer.folder, 'snapshots', 'completed', channelId, '12');
    expect(await readdir(folder)).toContain('_snapshot_signable_metadata.json');

    await using other = await testPeer(blocks);
    await other.channels.joinBySnapshot(folder);
    expect(other.channels.joiningFromSnapshot).toBe(folder);
    await expect(other.channels.join(genesis)).rejects.toMatchObject({ code: 'joining' });
    await other.channels.snapshotJoined();
    expect([other.channels.joiningFromSnapshot, other.failures]).toEqual([null, []]);
    const begun = other.channels.channel(channelId);
    expect(begun?.firstBlock).toBe(13);
    await reached(begun, blocks.length - 1);
    await reached((await other.restart()).channel(channelId), blocks.length - 1);

    test.peer.sources.get(channelId)?.add(...blocks.slice(25));
    await reached(again.channel(channelId), blocks.length - 1);
    const [one, two] = [again.channel(channelId), other.channels.channel(channelId)];
    expect(await stateOf((two as NonNullable<typeof two>).ledger)).toEqual(
      await stateOf((one as NonNullable<typeof one>).ledger),
    );
    await expect(other.channels.joinBySnapshot(folder)).rejects.toMatchObject({ code: 'exists' });
    expect(other.channels.joiningFromSnapshot).toBeNull();
  });

  it('are made of the last block at once, and once', async () => {
    await using test = await rig(5);
    await reached(await test.peer.channels.join(genesis), 4);
    const made = test.next();
    await test.generate(0);
    expect(await made).toBe(4);
    await expect(test.generate(4)).rejects.toMatchObject({
      status: 'UNKNOWN',
      message: 'snapshot already generated for block number 4',
    });
    expect(await test.pending()).toEqual([]);
  });

  it('are refused with the reason that Fabric gives', async () => {
    await using test = await rig(5);
    await reached(await test.peer.channels.join(genesis), 4);
    await expect(test.generate(2)).rejects.toThrow(
      'requested snapshot for block number 2 cannot be less than the last committed block number 4',
    );
    await test.generate(9);
    await expect(test.generate(9)).rejects.toThrow('duplicate snapshot request for block number 9');
    await expect(test.cancel(8)).rejects.toThrow('no snapshot request exists for block number 8');
    await expect(test.generate(9, signerOf('client'))).rejects.toThrow('local MSP principal');
    await expect(test.generate(9, signerOf('admin', new Date('2025-01-01')))).rejects.toThrow(
      'client identity expired',
    );
    await expect(test.call('Generate', signed(request(3, 'other'), admin))).rejects.toThrow(
      'cannot find ledger for channel other',
    );
    await expect(test.call('Generate', signed(request(3, ''), admin))).rejects.toThrow('missing channel ID');
    await expect(test.call('Generate', new Uint8Array(0))).rejects.toThrow('missing signature header');
    await expect(test.call('Generate', Uint8Array.of(0x0a, 9))).rejects.toMatchObject({ status: 'INTERNAL' });
  });

  it('cannot be taken in where they are none', async () => {
    await using peer = await testPeer([]);
    await expect(peer.channels.joinBySnapshot(join(peer.folder, 'nowhere'))).rejects.toMatchObject({
      code: 'bad_snapshot',
    });
    expect(peer.channels.joiningFromSnapshot).toBeNull();
  });
});
