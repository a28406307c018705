import { peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { Registry } from 'prom-client';
import { chaincodeMetrics } from '#node/chaincode/chaincodeMetrics.ts';
import { ChaincodeBed } from '../../chaincode/chaincodeBed.ts';
import { RawShim, textOf } from '../../chaincode/rawShim.ts';

const { Type } = peer.ChaincodeMessage;
const ID = 'every:1.0';
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

let bed: ChaincodeBed;
let shim: RawShim;

beforeAll(async () => {
  bed = await ChaincodeBed.start({ runtime: { devMode: true, executeTimeoutMs: 10_000, maxSizeWriteBatch: 77 } });
  bed.runBy('every', ID);
});
afterAll(() => bed[Symbol.asyncDispose]());
beforeEach(() => {
  shim = new RawShim(bed.address);
});
afterEach(() => shim.close());

/** Waits until the peer has forgotten the stream of the test before. */
async function registered(): Promise<peer.ChaincodeAdditionalParams> {
  for (;;) {
    try {
      return await shim.register(ID);
    } catch (error) {
      if (!String(error).includes('duplicate chaincodeID')) {
        throw error;
      }
      shim.close();
      shim = new RawShim(bed.address);
    }
  }
}

function record(type: number, key: string, more: { value?: string; collection?: string } = {}): peer.WriteRecord {
  const one = new peer.WriteRecord();
  one.setType(type as (typeof peer.WriteRecord.Type)[keyof typeof peer.WriteRecord.Type]);
  one.setKey(key);
  one.setValue(bytesOf(more.value ?? ''));
  one.setCollection(more.collection ?? '');
  return one;
}

describe('in development mode', () => {
  test('a chaincode that was not started yet is asked for', async () => {
    expect((await bed.invoke('x', [])).message).toContain(
      `could not launch chaincode ${ID}: it has not registered: in development mode it is started by hand`,
    );
  });

  test('a chaincode registers by itself, is offered batches, and runs', async () => {
    const offered = await registered();
    expect(offered.toObject()).toEqual({
      useWriteBatch: true,
      maxSizeWriteBatch: 77,
      useGetMultipleKeys: true,
      maxSizeGetMultipleKeys: 1000,
    });
    const answer = bed.invoke('x', []);
    await shim.complete(await shim.expect(Type.TRANSACTION));
    expect(await answer).toMatchObject({ status: 200, payload: 'done' });
  });
});

describe('newer shims', () => {
  beforeEach(() => registered());

  test('write and read in batches', async () => {
    const { Type: Write } = peer.WriteRecord;
    const batch = new peer.WriteBatchState();
    const policy = record(Write.PUT_STATE_METADATA, 'b1');
    const metadata = new peer.StateMetadata();
    metadata.setMetakey('VALIDATION_PARAMETER');
    metadata.setValue(bytesOf('p'));
    policy.setMetadata(metadata);
    batch.setRecList([
      record(Write.PUT_STATE, 'b1', { value: 'one' }),
      record(Write.PUT_STATE, 'b2', { value: 'two' }),
      record(Write.DEL_STATE, 'b3'),
      record(Write.PUT_STATE, 'p1', { value: 'hidden', collection: 'secrets' }),
      record(Write.PURGE_PRIVATE_DATA, 'p2', { collection: 'secrets' }),
    ]);
    const submitted = bed.submit('x', []);
    const transaction = await shim.expect(Type.TRANSACTION);
    expect((await shim.ask(transaction, Type.WRITE_BATCH_STATE, batch)).getType()).toBe(Type.RESPONSE);
    await shim.complete(transaction);
    await submitted;

    const reading = bed.invoke('x', []);
    const reader = await shim.expect(Type.TRANSACTION);
    const keys = new peer.GetStateMultiple();
    keys.setKeysList(['b1', 'b3', 'b2']);
    const values = async (request: peer.GetStateMultiple): Promise<string[]> => {
      const answer = await shim.ask(reader, Type.GET_STATE_MULTIPLE, request);
      return peer.GetStateMultipleResult.deserializeBinary(answer.getPayload_asU8())
        .getValuesList_asU8()
        .map((value) => Buffer.from(value).toString());
    };
    expect(await values(keys)).toEqual(['one', '', 'two']);
    const hidden = new peer.GetStateMultiple();
    hidden.setKeysList(['p1', 'p2']);
    hidden.setCollection('secrets');
    expect(await values(hidden)).toEqual(['hidden', '']);
    batch.setRecList([policy]);
    expect((await shim.ask(reader, Type.WRITE_BATCH_STATE, batch)).getType()).toBe(Type.RESPONSE);
    batch.setRecList([record(Write.PURGE_PRIVATE_DATA, 'b1')]);
    expect(textOf(await shim.ask(reader, Type.WRITE_BATCH_STATE, batch))).toMatch(
      /^WRITE_BATCH_STATE failed: transaction ID: [0-9a-f]{64}: only applicable for private data$/,
    );
    batch.setRecList([record(12, 'b1')]);
    expect(textOf(await shim.ask(reader, Type.WRITE_BATCH_STATE, batch))).toContain('unknown operation type');
    await shim.complete(reader);
    expect((await reading).status).toBe(200);
  });
});

describe('a chaincode that breaks the rules', () => {
  test('cannot speak before it registered', async () => {
    await shim.send(Type.GET_STATE, new peer.GetState());
    await expect(shim.next()).rejects.toThrow(
      'Fabric side handler cannot handle message (GET_STATE) while in created state',
    );
  });

  test('cannot register without a name, or under a name that is taken', async () => {
    await shim.send(Type.REGISTER, new peer.ChaincodeID());
    await expect(shim.next()).rejects.toThrow('chaincodeID name is empty');
    shim.close();
    shim = new RawShim(bed.address);
    await registered();
    const second = new RawShim(bed.address);
    await expect(second.register(ID)).rejects.toThrow(`duplicate chaincodeID: ${ID}`);
    second.close();
  });

  test.each([
    ['no message', () => Buffer.from('ffffffffff', 'hex')],
    ['a message of an unknown type', () => new peer.ChaincodeMessage().serializeBinary()],
  ])('ends its stream with %s, and its transactions with it', async (_what, bytes) => {
    await registered();
    const answer = bed.invoke('x', []);
    await shim.expect(Type.TRANSACTION);
    await shim.stream.send(bytes());
    expect((await answer).message).toContain('error sending: chaincode stream terminated');
    await expect(shim.next()).rejects.toThrow(/protos.ChaincodeMessage|cannot handle message/);
  });

  test('is answered with errors for what it asks in vain, and goes on', async () => {
    await registered();
    const stranger = new peer.ChaincodeMessage();
    stranger.setTxid('nobody');
    stranger.setChannelId('trade');
    expect(textOf(await shim.ask(stranger, Type.GET_STATE, new peer.GetState()))).toBe(
      'GET_STATE failed: transaction ID: nobody: no ledger context',
    );
    expect(textOf(await shim.ask(stranger, Type.INVOKE_CHAINCODE, new peer.ChaincodeSpec()))).toContain(
      'could not get valid transaction',
    );
    await shim.send(Type.COMPLETED, null, stranger);
    await shim.send(Type.KEEPALIVE, null);
    const answer = bed.invoke('x', []);
    const transaction = await shim.expect(Type.TRANSACTION);
    const next = new peer.QueryStateNext();
    next.setId('17');
    expect(textOf(await shim.ask(transaction, Type.QUERY_STATE_NEXT, next))).toContain('query iterator not found');
    const garbage = { serializeBinary: () => bytesOf('\u0007') };
    expect((await shim.ask(transaction, Type.GET_STATE, garbage)).getType()).toBe(Type.ERROR);
    await shim.complete(transaction);
    expect((await answer).status).toBe(200);
  });

  test('cannot keep more iterators than it may', async () => {
    await registered();
    const answer = bed.invoke('x', []);
    const transaction = await shim.expect(Type.TRANSACTION);
    const submitted = new peer.WriteBatchState();
    submitted.setRecList(Array.from({ length: 200 }, (_, index) => record(9, `many${index}`, { value: 'x' })));
    await shim.ask(transaction, Type.WRITE_BATCH_STATE, submitted);
    await shim.complete(transaction);
    const committed = await answer;
    await bed.commit([committed]);
    const reading = bed.invoke('x', []);
    const reader = await shim.expect(Type.TRANSACTION);
    const range = new peer.GetStateByRange();
    let refused = '';
    for (let opened = 0; refused === ''; opened++) {
      expect(opened).toBeLessThanOrEqual(1000);
      const response = await shim.ask(reader, Type.GET_STATE_BY_RANGE, range);
      refused = response.getType() === Type.ERROR ? textOf(response) : '';
    }
    expect(refused).toContain('more than 1000 open query iterators');
    await shim.complete(reader);
    expect((await reading).status).toBe(200);
  });

  test('answers with a failure, or with something that is no response', async () => {
    await registered();
    const failed = bed.invoke('x', []);
    await shim.send(Type.ERROR, { serializeBinary: () => bytesOf('so it is') }, await shim.expect(Type.TRANSACTION));
    expect((await failed).message).toBe('error in simulation: transaction returned with failure: so it is');
    const odd = bed.invoke('x', []);
    await shim.send(Type.COMPLETED, { serializeBinary: () => bytesOf('\u0007') }, await shim.expect(Type.TRANSACTION));
    expect((await odd).message).toContain('failed to unmarshal response');
  });
});

test('a peer that is told to sends signs of life, and counts what it is asked', async () => {
  const registry = new Registry();
  const runtime = { devMode: true, keepaliveMs: 10, executeTimeoutMs: 1500 };
  await using other = await ChaincodeBed.start({ runtime, metrics: chaincodeMetrics(registry) });
  other.runBy('every', ID);
  expect((await other.invoke('x', [])).status).toBe(500);
  const chaincode = new RawShim(other.address);
  await chaincode.register(ID);
  await chaincode.expect(Type.KEEPALIVE);
  const answer = other.invoke('x', []);
  let message = await chaincode.next();
  while (message.getType() === Type.KEEPALIVE) {
    message = await chaincode.next();
  }
  await chaincode.send(Type.GET_STATE, new peer.GetState(), message);
  expect((await answer).message).toContain('timeout expired');
  const metrics = await registry.metrics();
  for (const line of [
    `chaincode_launch_failures{chaincode="${ID}"} 1`,
    `chaincode_execute_timeouts{chaincode="${ID}"} 1`,
    `chaincode_shim_requests_received{type="GET_STATE",channel="trade",chaincode="${ID}"} 1`,
    `chaincode_shim_requests_completed{type="GET_STATE",channel="trade",chaincode="${ID}",success="true"} 1`,
    `chaincode_shim_request_duration_count{type="GET_STATE",channel="trade",chaincode="${ID}",success="true"} 1`,
  ]) {
    expect(metrics).toContain(line);
  }
  chaincode.close();
});
