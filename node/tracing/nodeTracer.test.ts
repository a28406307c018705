import { describe, expect, it } from 'vitest';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import { vendoredBlocks } from '#node/protos/testBlocks.ts';
import { traceIdOf } from '#trace/record.ts';
import { makeOrganization } from '../../test/harness/signedChannel.ts';
import type { LineSink } from './lineSink.ts';
import { openTracing } from './tracing.ts';
import { checkStream, recordsOf } from './testStream.ts';
import { NO_TRACER, type StepResult, type Tracer } from './tracer.ts';

const organization = makeOrganization('Org1MSP', 'peer');
const orderer = makeOrganization('OrdererMSP', 'orderer').node;
const user = IdentityView.fromBytes(organization.client.identity);
const fingerprintOf = (one: { readonly certificate: { readonly fingerprint: string } }) => one.certificate.fingerprint;

const self = {
  id: 'Org1MSP/peer0.Org1MSP',
  kind: 'peer',
  msp: 'Org1MSP',
  name: 'peer0.Org1MSP',
  fingerprint: fingerprintOf(organization.node),
};
const client = {
  id: 'Org1MSP/user1@Org1MSP',
  kind: 'client',
  msp: 'Org1MSP',
  name: 'user1@Org1MSP',
  address: '127.0.0.1:4711',
  fingerprint: fingerprintOf(organization.client),
};
const ordererParty = { identity: IdentityView.fromBytes(orderer.identity), address: '127.0.0.1:7050' };
const ordererIdentity = {
  id: 'OrdererMSP/orderer0.OrdererMSP',
  kind: 'orderer',
  msp: 'OrdererMSP',
  name: 'orderer0.OrdererMSP',
  address: '127.0.0.1:7050',
  fingerprint: fingerprintOf(orderer),
};

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const step: StepResult = {
  channelId: 'mychannel',
  txId: 'ab'.repeat(32),
  type: 'ENDORSER_TRANSACTION',
  caller: { identity: user, kind: 'client', address: '127.0.0.1:4711' },
  chaincode: 'basic',
  function: 'Put',
  traceparent,
  status: 200,
  durationUs: 1234,
};

class MemorySink implements LineSink {
  text = '';
  beginBatch(): void {}
  write(bytes: Uint8Array): Promise<number> {
    this.text += Buffer.from(bytes).toString('utf8');
    return Promise.resolve(bytes.length);
  }
  writeSync(_inFlight: Uint8Array, rest: Uint8Array): number {
    this.text += Buffer.from(rest).toString('utf8');
    return rest.length;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The records' own fields of what is called, without what the writer puts in. */
async function traced(work: (tracer: Tracer) => void) {
  const sink = new MemorySink();
  const tracing = openTracing(
    { enabled: true, serviceType: 'fabric-peer', destination: { kind: 'stdout' } },
    { signer: organization.node, sink },
  );
  work(tracing.tracer);
  await tracing.close();
  const records = recordsOf(sink.text);
  expect(checkStream(records).broken).toEqual([]);
  return records.map(({ record }) => {
    const { version: _version, seq: _seq, chain: _chain, stream: _stream, ...fields } = record.ftl;
    return Object.assign(fields, { traceId: record['trace.id'] });
  });
}

const block = BlockView.fromBytes(vendoredBlocks('v3.1.5').blocks[5]?.bytes as Uint8Array);
const blockFields = {
  number: 5,
  hash: Buffer.from(block.hash).toString('hex'),
  previous_hash: Buffer.from(block.previousHash).toString('hex'),
  data_hash: Buffer.from(block.dataHash).toString('hex'),
};

describe('records of a transaction', () => {
  const key = { traceId: traceIdOf('mychannel', step.txId), channel: 'mychannel', tx_id: step.txId };
  const request = {
    ...key,
    tx_type: 'ENDORSER_TRANSACTION',
    chaincode: 'basic',
    function: 'Put',
    traceparent,
    sender: client,
    receiver: self,
  };
  const response = { ...request, status: 200, duration_us: 1234 };

  it('name both sides by their certificates, and keep the trace context of the application', async () => {
    const records = await traced((tracer) => {
      tracer.endorseRequest(step);
      tracer.endorseResponse(step);
      tracer.chaincodeInvoke({ ...step, packageId: 'basic:1' });
      tracer.broadcastRequest(step);
      tracer.broadcastResponse({ ...step, status: 403, error: 'no' });
    });
    expect(records).toEqual([
      { point: 'endorse.request', ...request },
      { point: 'endorse.response', ...response },
      {
        point: 'chaincode.invoke',
        ...response,
        sender: self,
        receiver: { kind: 'chaincode', name: 'basic' },
        package_id: 'basic:1',
      },
      { point: 'broadcast.request', ...request },
      { point: 'broadcast.response', ...response, status: 403, error: 'no' },
    ]);
  });

  it('are written as far as they go: without a channel, without a certificate, without an ID, with hostile text', async () => {
    const nobody = IdentityView.of('Org9MSP', Buffer.from('no certificate'));
    const records = await traced((tracer) => {
      tracer.endorseRequest({ channelId: '', txId: 'x'.repeat(1000), caller: { identity: nobody, address: 'a:1' } });
      tracer.endorseResponse({ ...step, error: '"}}\n{"ftl":\u0000\ud800'.repeat(1000) });
      tracer.broadcastRequest({ ...step, txId: '', type: 'CONFIG_UPDATE' });
    });
    expect(records).toMatchObject([
      { traceId: undefined, tx_id: 'x'.repeat(256), sender: { msp: 'Org9MSP', address: 'a:1' } },
      { error: expect.stringMatching(/^"\}\}\n\{"ftl":/) },
      { point: 'broadcast.request', tx_type: 'CONFIG_UPDATE', traceId: undefined },
    ]);
    expect(records[0]).not.toHaveProperty('channel');
    expect(records[2]).not.toHaveProperty('tx_id');
  });
});

describe('records of blocks and of the node', () => {
  it('tell which block went from whom to whom', async () => {
    const peer = {
      identity: IdentityView.fromBytes(organization.other.identity),
      kind: 'peer',
      address: 'b:1',
    } as const;
    const records = await traced((tracer) => {
      tracer.nodeStart('1.2.3');
      tracer.deliverSubscribe('mychannel', 5, ordererParty);
      tracer.deliverBlock('mychannel', block, ordererParty);
      tracer.deliverSend('mychannel', block, peer);
      tracer.orderBlock('mychannel', block, 'created', 7);
      tracer.orderBlock('mychannel', block, 'written', 8);
      tracer.configUpdate('mychannel', block, 4);
      tracer.leaderGossip('mychannel', 'elected');
      tracer.leaderConsensus('mychannel', 2, 1);
    });
    const about = { traceId: undefined, channel: 'mychannel' };
    const txs = block.envelopes.map(({ channelHeader: { txId, typeName } }) => ({ id: txId, type: typeName }));
    expect(records).toEqual([
      { traceId: undefined, point: 'node.start', sender: self, node_version: '1.2.3' },
      { ...about, point: 'deliver.subscribe', sender: ordererIdentity, receiver: self, block: { number: 5 } },
      { ...about, point: 'deliver.block', sender: ordererIdentity, receiver: self, block: blockFields },
      {
        ...about,
        point: 'deliver.send',
        sender: self,
        receiver: expect.objectContaining({ id: 'Org1MSP/peer1.Org1MSP', kind: 'peer', address: 'b:1' }),
        block: blockFields,
      },
      {
        ...about,
        point: 'order.block',
        stage: 'created',
        sender: self,
        block: blockFields,
        txs,
        tx_count: txs.length,
        duration_us: 7,
      },
      {
        ...about,
        point: 'order.block',
        stage: 'written',
        sender: self,
        block: blockFields,
        tx_count: txs.length,
        duration_us: 8,
      },
      { ...about, point: 'config.update', sender: self, block: blockFields, config_sequence: 4 },
      { ...about, point: 'leader.gossip', stage: 'elected', sender: self },
      { ...about, point: 'leader.consensus', sender: self, consensus: { node: 2, leader: 1 } },
    ]);
  });

  it('tell what a peer committed, and from whom it had it', async () => {
    const committed: CommittedBlock = {
      channelId: 'mychannel',
      number: 5,
      hash: block.hash,
      previousHash: block.previousHash,
      dataHash: block.dataHash,
      commitHash: Buffer.alloc(32, 1),
      transactions: [
        { id: 'tx', type: 'ENDORSER_TRANSACTION', code: 11, codeName: 'MVCC_READ_CONFLICT', reason: 'key a' },
      ],
      isConfig: false,
      durations: { verify: 3, state: 4 },
      view: block,
    };
    const [record, alone] = await traced((tracer) => {
      tracer.commit(committed, { ...ordererParty, kind: 'orderer' });
      tracer.commit(committed, null);
    });
    expect(record).toMatchObject({
      point: 'gossip.commit',
      sender: ordererIdentity,
      receiver: self,
      block: blockFields,
      txs: [{ id: 'tx', code: 'MVCC_READ_CONFLICT', reason: 'key a' }],
      duration_us: 7,
    });
    expect(alone).not.toHaveProperty('sender');
  });

  it('never throw: what cannot be made into a record is counted', async () => {
    const records = await traced((tracer) => {
      const unreadable = {
        get hash(): never {
          throw new Error('unreadable');
        },
      };
      tracer.deliverBlock('mychannel', unreadable as unknown as BlockView, ordererParty);
    });
    expect(records).toMatchObject([{ point: 'seal', stage: 'dropped', dropped: 1 }]);
  });
});

describe('tracing that is off', () => {
  it('is no tracer at all', async () => {
    const tracing = openTracing({ enabled: false }, { signer: organization.node });
    expect(tracing.tracer).toBe(NO_TRACER);
    expect(tracing.writer).toBeNull();
    expect(await tracing.flush()).toBe(true);
    await tracing.close();
  });
});
