import { createHash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Signer } from '#node/crypto/sign.ts';
import { mspConfigOf } from '#node/msp/mspDefinition.ts';
import { authority, definition, type Holder, issue, revocationList } from '#node/msp/testAuthority.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { NO_TRACER, type StepResult, type Tracer, type TransactionStep } from '#node/tracing/tracer.ts';
import { makeOrganization } from '#test/harness/signedChannel.ts';
import type { Orderer } from './orderer.ts';
import { TestNetwork } from './testing/testChannel.ts';
import { allBlocks, broadcast, CALLER, openOrderer, orderedUpTo, temporaryFolder } from './testing/testOrderer.ts';

const network = new TestNetwork();
const folder = temporaryFolder();
const requests: TransactionStep[] = [];
const responses: StepResult[] = [];
const tracer: Tracer = {
  ...NO_TRACER,
  broadcastRequest: (step) => requests.push(step),
  broadcastResponse: (step) => responses.push(step),
};
const registry = new Registry();
let now = new Date('2030-01-01T00:00:00Z');
let orderer: Orderer;

beforeAll(async () => {
  orderer = await openOrderer(folder.path, network, {}, { tracer, registry, now: () => now });
  await orderer.registrar.join(
    'mychannel',
    network.genesis({ maxMessageCount: 1, absoluteMaxBytes: 100_000, preferredMaxBytes: 50_000 }),
  );
});
afterAll(async () => {
  await orderer.close();
  folder.remove();
});

const idOf = (envelope: Uint8Array): string => EnvelopeView.fromBytes(envelope).channelHeader.txId;

async function answer(envelope: Uint8Array): Promise<{ readonly status: string; readonly info: string }> {
  const answers = await broadcast(orderer, [envelope]);
  expect(answers).toHaveLength(1);
  return answers[0] as (typeof answers)[0];
}

function envelopeOf(parts: {
  readonly type?: number;
  readonly channelId?: string;
  readonly creator?: Uint8Array;
  readonly signer?: Signer;
}): Uint8Array {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(parts.type ?? common.HeaderType.MESSAGE);
  channelHeader.setChannelId(parts.channelId ?? 'mychannel');
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(parts.creator ?? network.org1.client.identity);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(new Uint8Array(1));
  const bytes = payload.serializeBinary();
  const envelope = new common.Envelope();
  envelope.setPayload(bytes);
  envelope.setSignature((parts.signer ?? network.org1.client).signSync(bytes));
  return envelope.serializeBinary();
}

const denied =
  "implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied";

function signerOf(holder: Holder): Signer {
  const keyPem = holder.privateKey.export({ format: 'pem', type: 'pkcs8' });
  return new Signer({ mspId: 'Org1MSP', keyPem, certificatePem: holder.pem });
}

describe('a message is refused', () => {
  it('without a header', async () => {
    const envelope = new common.Envelope();
    expect(await answer(envelope.serializeBinary())).toEqual({
      status: 'BAD_REQUEST',
      info: 'could not determine channel ID: header not set',
    });
    envelope.setPayload(Uint8Array.of(0xff));
    expect(await answer(envelope.serializeBinary())).toMatchObject({ status: 'BAD_REQUEST' });
  });

  it('for a channel that is not there', async () => {
    expect(await answer(network.transaction({ channelId: 'elsewhere' }))).toEqual({
      status: 'BAD_REQUEST',
      info: 'channel does not exist',
    });
  });

  it('of a type that only an orderer makes', async () => {
    expect(await answer(envelopeOf({ type: common.HeaderType.CONFIG }))).toEqual({
      status: 'BAD_REQUEST',
      info: 'message is of type that cannot be processed directly',
    });
    expect(await answer(envelopeOf({ type: common.HeaderType.ORDERER_TRANSACTION }))).toEqual({
      status: 'BAD_REQUEST',
      info: 'message is of type that is no longer supported',
    });
  });

  it('beyond the absolute size, whatever stands in fields that nobody knows', async () => {
    const large = network.transaction({ bytes: 100_000 });
    const view = EnvelopeView.fromBytes(large);
    expect(await answer(large)).toEqual({
      status: 'BAD_REQUEST',
      info: `message payload is ${view.payloadBytes.length + view.signature.length} bytes and exceeds maximum allowed 100000 bytes`,
    });
    const small = network.transaction();
    // Field 15, 200,000 bytes.
    const unknown = Buffer.concat([small, Buffer.from([0x7a, 0xc0, 0x9a, 0x0c]), Buffer.alloc(200_000)]);
    expect((await answer(unknown)).status).toBe('SUCCESS');
    await orderedUpTo(orderer, idOf(small));
    const last = (await allBlocks(orderer)).at(-1);
    expect(Buffer.compare(last?.data[0] as Uint8Array, small)).toBe(0);
  });

  it('with a signature that does not hold', async () => {
    const other = makeOrganization('Org1MSP', 'peer').client;
    expect(await answer(envelopeOf({ signer: other }))).toEqual({ status: 'FORBIDDEN', info: denied });
  });

  it('of somebody that the channel does not know, or nobody', async () => {
    const stranger = makeOrganization('Org9MSP', 'peer').client;
    expect(await answer(network.transaction({ creator: stranger }))).toEqual({ status: 'FORBIDDEN', info: denied });
    const impostor = makeOrganization('Org1MSP', 'peer').client;
    expect(await answer(network.transaction({ creator: impostor }))).toEqual({ status: 'FORBIDDEN', info: denied });
    expect(await answer(envelopeOf({ creator: new Uint8Array(0) }))).toEqual({ status: 'FORBIDDEN', info: denied });
    expect(await answer(envelopeOf({ creator: Uint8Array.of(0xff, 1, 2) }))).toEqual({
      status: 'FORBIDDEN',
      info: denied,
    });
  });

  it('of a client whose certificate has expired', async () => {
    const before = now;
    now = new Date('2054-01-01T00:00:00Z');
    expect(await answer(network.transaction())).toEqual({
      status: 'BAD_REQUEST',
      info: 'broadcast client identity expired',
    });
    now = new Date('2053-12-31T23:59:59Z');
    expect((await answer(network.transaction())).status).toBe('SUCCESS');
    now = before;
  });

  it('of a client whose certificate was revoked', async () => {
    const ca = authority('ca.Org1MSP');
    const [good, revoked] = ['good', 'revoked'].map((name) => issue(ca, { name, units: ['client'] }));
    const config = mspConfigOf(
      definition([ca], { mspId: 'Org1MSP', revocationLists: [revocationList(ca, [revoked as Holder])] }),
    );
    const other = new TestNetwork({ ...network.org1, config: config.serializeBinary() });
    const own = temporaryFolder();
    const strict = await openOrderer(own.path, other);
    await strict.registrar.join('mychannel', other.genesis());
    const [accepted, refused] = await broadcast(strict, [
      other.transaction({ creator: signerOf(good as Holder) }),
      other.transaction({ creator: signerOf(revoked as Holder) }),
    ]);
    await strict.close();
    own.remove();
    expect(accepted).toEqual({ status: 'SUCCESS', info: '' });
    expect(refused).toEqual({ status: 'FORBIDDEN', info: denied });
  });

  it('of a stranger with an expired certificate for the expiry: that is looked at first', async () => {
    const ca = authority('ca');
    const holder = issue(ca, { notAfter: new Date('2025-01-01T00:00:00Z') });
    const keyPem = holder.privateKey.export({ format: 'pem', type: 'pkcs8' });
    const creator = new Signer({ mspId: 'Org1MSP', keyPem, certificatePem: holder.pem });
    expect((await answer(network.transaction({ creator }))).info).toBe('broadcast client identity expired');
  });
});

describe('a stream', () => {
  it('ends with the first answer that is no success, and nothing after it is ordered', async () => {
    const good = Array.from({ length: 6 }, () => network.transaction());
    const bad = network.transaction({ channelId: 'elsewhere' });
    const answers = await broadcast(orderer, [...good.slice(0, 3), bad, ...good.slice(3)]);
    expect(answers.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS', 'BAD_REQUEST']);
    // A later one passes all of the queue: whatever was to come before it has come.
    const later = network.transaction();
    await broadcast(orderer, [later]);
    const ordered = await orderedUpTo(orderer, idOf(later));
    expect(ordered).toEqual(expect.arrayContaining(good.slice(0, 3).map(idOf)));
    expect(good.slice(3).filter((one) => ordered.includes(idOf(one)))).toEqual([]);
  });

  it('of bytes that are no envelope ends with INTERNAL, as from a Go server', async () => {
    await expect(broadcast(orderer, [Uint8Array.of(0x0a, 0xff)])).rejects.toMatchObject({
      name: 'RpcError',
      status: 'INTERNAL',
    });
    expect((await answer(network.transaction())).status).toBe('SUCCESS');
  });

  it('keeps the order of its messages while their signatures are checked side by side', async () => {
    const sent = Array.from({ length: 60 }, (_, index) =>
      network.transaction({ bytes: index % 3 === 0 ? 20_000 : 10 }),
    );
    expect(await broadcast(orderer, sent)).toHaveLength(60);
    const ids = sent.map(idOf);
    const ordered = await orderedUpTo(orderer, ids.at(-1) as string);
    expect(ordered.slice(-60)).toEqual(ids);
  });

  it('whose client is gone in the midst of it leaves what was accepted, and the others alone', async () => {
    async function* cut(): AsyncGenerator<Uint8Array, void> {
      yield network.transaction();
      throw new Error('connection reset');
    }
    await expect(broadcast(orderer, cut())).rejects.toThrow('connection reset');
    expect((await answer(network.transaction())).status).toBe('SUCCESS');
  });
});

describe('records', () => {
  it('tell who brought what, from where, and what came of it', async () => {
    requests.length = 0;
    responses.length = 0;
    const envelope = network.transaction();
    const view = EnvelopeView.fromBytes(envelope);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await broadcast(orderer, [envelope, network.transaction({ channelId: 'elsewhere' })], { ...CALLER, traceparent });
    expect(requests[0]).toMatchObject({
      channelId: 'mychannel',
      txId: view.channelHeader.txId,
      type: 'ENDORSER_TRANSACTION',
      traceparent,
      caller: {
        kind: 'client',
        address: '127.0.0.1:40000',
        identity: { mspId: 'Org1MSP', commonName: 'user1@Org1MSP' },
      },
    });
    expect(responses[0]).toMatchObject({ txId: view.channelHeader.txId, status: 200 });
    expect(responses[0]?.durationUs).toBeGreaterThan(0);
    expect(responses[0]).not.toHaveProperty('error');
    expect(responses[1]).toMatchObject({ channelId: 'elsewhere', status: 400, error: 'channel does not exist' });
  });

  it('of metrics have the names and labels of Fabric', async () => {
    await broadcast(orderer, [network.transaction()]);
    const text = await registry.metrics();
    expect(text).toContain(
      'broadcast_processed_count{channel="mychannel",type="ENDORSER_TRANSACTION",status="SUCCESS"}',
    );
    expect(text).toContain(
      'broadcast_processed_count{channel="unknown",type="ENDORSER_TRANSACTION",status="BAD_REQUEST"}',
    );
    expect(text).toContain('broadcast_enqueue_duration_count{channel="mychannel"');
    expect(text).toContain('consensus_etcdraft_committed_block_number{channel="mychannel"}');
    expect(text).toContain('participation_consensus_relation{channel="mychannel"} 1');
    expect(text).toContain('blockcutter_block_fill_duration_count{channel="mychannel"}');
    // The block that the channel was joined by too.
    const { height } = orderer.registrar.info('mychannel');
    expect(text).toContain(`ledger_blockchain_height{channel="mychannel"} ${height}\n`);
    expect(text).toContain(`ledger_blockstorage_commit_time_count{channel="mychannel"} ${height}\n`);
  });
});

describe('throttling', () => {
  it('holds back clients with a certificate, not those without', async () => {
    const own = temporaryFolder();
    const throttled = await openOrderer(own.path, network, {
      broadcast: { pipeline: 1, throttling: { rate: 2, inactivityTimeoutMs: 5000 } },
    });
    try {
      await throttled.registrar.join('mychannel', network.genesis());
      const sent = Array.from({ length: 5 }, () => network.transaction());
      expect(await broadcast(throttled, sent)).toHaveLength(5);
      const leaving = new AbortController();
      const der = network.client.certificate.raw;
      const certificate = { der, hash: new Uint8Array(createHash('sha256').update(der).digest()) };
      let answered = 0;
      let held = 0;
      const limited = (async () => {
        for await (const _ of (throttled.broadcast as Extract<Orderer['broadcast'], { kind: 'stream' }>).handle(
          (async function* stream() {
            yield* sent;
          })(),
          { ...CALLER, certificate, signal: leaving.signal },
        )) {
          answered++;
          if (answered === 2) {
            setImmediate(() => {
              held = answered;
              leaving.abort();
            });
          }
        }
      })();
      await limited;
      expect(held).toBe(2);
      expect(answered).toBe(5);
    } finally {
      await throttled.close();
      own.remove();
    }
  });
});
