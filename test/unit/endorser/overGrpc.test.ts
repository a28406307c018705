import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '#node/grpc/grpcClient.ts';
import { GrpcServer } from '#node/grpc/grpcServer.ts';
import { type ChaincodeInvokeRecord, recordingTracer } from './recordingTracer.ts';
import { basic, EndorserNetwork, org1, proposal, stranger } from './endorserNetwork.ts';
import { ChaincodeError } from '#node/chaincode/chaincodeError.ts';

/** Fabric's own generated client, as the SDKs have it. */
let client: peer.EndorserClient;
let network: EndorserNetwork;
let server: GrpcServer;
const records: ChaincodeInvokeRecord[] = [];
/** Lets the chaincode that waits go on. */
let release: () => void;
let running = 0;
const released = new Promise<void>((resolve) => {
  release = resolve;
});

beforeAll(async () => {
  network = await EndorserNetwork.start(undefined, { maxConcurrency: 2, tracer: recordingTracer(records) });
  network.install('basic', async (stub) => {
    if (stub.args[0] !== 'wait') {
      return basic(stub);
    }
    running++;
    const { signal } = stub.invocation;
    await Promise.race([
      released,
      new Promise((_, reject) => {
        signal.addEventListener('abort', () =>
          reject(new ChaincodeError('cancelled', 'the caller gave the transaction up')),
        );
      }),
    ]);
    return 'waited';
  });
  server = await GrpcServer.listen({ address: '127.0.0.1:0', tls: null, maxReceiveBytes: 200_000 }, [
    network.peer.endorser.service,
  ]);
  client = new peer.EndorserClient(server.address, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await server.stop();
  await network[Symbol.asyncDispose]();
});

function propose(bytes: Uint8Array, metadata = new Metadata()): Promise<peer.ProposalResponse> {
  const signed = peer.SignedProposal.deserializeBinary(bytes);
  return new Promise((resolve, reject) => {
    client.processProposal(signed, metadata, (error, response) =>
      error === null ? resolve(response as peer.ProposalResponse) : reject(error),
    );
  });
}

const failure = (call: Promise<unknown>): Promise<ServiceError> =>
  call.then(
    () => Promise.reject(new Error('was answered')),
    (error: ServiceError) => error,
  );

describe('protos.Endorser', () => {
  it("answers Fabric's own client, and keeps the trace context that it sends", async () => {
    const metadata = new Metadata();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    metadata.set('traceparent', traceparent);
    const response = await propose(proposal().bytes, metadata);
    expect(response.getVersion()).toBe(1);
    expect(Buffer.from(response.getEndorsement()?.getEndorser_asU8() ?? [])).toEqual(Buffer.from(org1.node.identity));
    expect(records.at(-1)).toMatchObject({ traceparent, caller: { kind: 'client' } });
    expect(records.at(-1)?.caller.address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('ends the call of a proposal that it turns down, as a Go peer does', async () => {
    const error = await failure(propose(proposal({ creator: stranger.client }).bytes));
    expect(error.code).toBe(status.UNKNOWN);
    expect(error.details).toContain('creator org unknown, creator is malformed');
    const chaincode = await propose(proposal({ chaincode: 'nowhere' }).bytes);
    expect(chaincode.getResponse()?.getStatus()).toBe(500);
  });

  it('does not take what is too large, nor what is no message', async () => {
    const large = await failure(propose(proposal({ args: ['put', 'k', 'v'.repeat(300_000)] }).bytes));
    expect(large.code).toBe(status.RESOURCE_EXHAUSTED);
    const raw = connect({ address: server.address, tlsRoots: null });
    const garbage = raw.unary('/protos.Endorser/ProcessProposal', Buffer.from('garbage'));
    await expect(garbage).rejects.toMatchObject({ status: 'INTERNAL' });
    raw.close();
    expect((await propose(proposal().bytes)).hasEndorsement()).toBe(true);
  });

  it('takes so many at a time and no more; who gives up makes room', async () => {
    const raw = connect({ address: server.address, tlsRoots: null });
    const ask = (args: readonly string[], signal?: AbortSignal): Promise<Uint8Array> =>
      raw.unary('/protos.Endorser/ProcessProposal', proposal({ args }).bytes, signal === undefined ? {} : { signal });
    const giveUp = new AbortController();
    const before = running;
    const slow = ask(['wait']);
    const given = ask(['wait'], giveUp.signal).catch((error: unknown) => error);
    await expect.poll(() => running - before).toBe(2);
    await expect(ask(['put'])).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED' });

    giveUp.abort();
    expect(await given).toMatchObject({ name: 'AbortError' });
    await expect.poll(() => records.some(({ error }) => error === 'the caller gave the transaction up')).toBe(true);
    const next = peer.ProposalResponse.deserializeBinary(await ask(['put']));
    expect(next.hasEndorsement()).toBe(true);
    release();
    const answer = peer.ProposalResponse.deserializeBinary(await slow);
    expect(Buffer.from(answer.getResponse()?.getPayload_asU8() ?? []).toString()).toBe('waited');
    raw.close();
  });
});
