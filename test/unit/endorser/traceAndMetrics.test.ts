import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createEndorserMetrics, MAX_CHAINCODES } from '#node/endorser/metrics.ts';
import { NO_TRACER, type StepResult, type Tracer, type TransactionStep } from '#node/tracing/tracer.ts';
import { endorsedTransaction } from '../../harness/signedProposal.ts';
import { basic, CHANNEL, EndorserNetwork, MAJORITY, org1, proposal, stranger } from './endorserNetwork.ts';

/** What was written, in order. */
class Written {
  readonly records: { readonly point: string; readonly step: TransactionStep | StepResult }[] = [];
  readonly tracer: Tracer = {
    ...NO_TRACER,
    endorseRequest: (step) => this.records.push({ point: 'endorse.request', step }),
    endorseResponse: (step) => this.records.push({ point: 'endorse.response', step }),
    chaincodeInvoke: (step) => this.records.push({ point: 'chaincode.invoke', step }),
  };

  take(): readonly { readonly point: string; readonly step: TransactionStep | StepResult }[] {
    return this.records.splice(0);
  }
}

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the records of a proposal', () => {
  it('tell who asked for what, when the chaincode ended, and what was answered', async () => {
    const written = new Written();
    const definitions = ['basic', 'caller'].map((name) => ({ name, policy: MAJORITY }));
    await using network = await EndorserNetwork.start(definitions, { tracer: written.tracer });
    network.install('basic', basic);
    network.install('caller', async ({ call }) => {
      await call('basic', ['get', 'k']);
      return 'done';
    });
    const sent = proposal({ chaincode: 'caller', args: ['start'] });
    await network.peer.propose(sent.bytes, { traceparent: TRACEPARENT, address: '10.0.0.7:40001' });

    const records = written.take();
    expect(records.map(({ point, step }) => `${point} ${step.chaincode}`)).toEqual([
      'endorse.request caller',
      'chaincode.invoke basic',
      'chaincode.invoke caller',
      'endorse.response caller',
    ]);
    const [request, inner, outer, response] = records.map(({ step }) => step);
    expect(request).toMatchObject({
      channelId: CHANNEL,
      txId: sent.txId,
      type: 'ENDORSER_TRANSACTION',
      chaincode: 'caller',
      function: 'start',
      traceparent: TRACEPARENT,
      caller: { kind: 'client', address: '10.0.0.7:40001' },
    });
    expect(request?.caller.identity?.commonName).toBe(org1.client.certificate.subject.commonName);
    expect(inner).toMatchObject({ caller: { kind: 'chaincode', name: 'caller' }, function: 'get', status: 200 });
    expect(outer).toMatchObject({ packageId: 'caller:hash', traceparent: TRACEPARENT, status: 200 });
    expect(response).toMatchObject({ txId: sent.txId, status: 200, readOnly: true });
    expect(response).not.toHaveProperty('error');
    for (const step of [inner, outer, response]) {
      expect((step as StepResult).durationUs).toBeGreaterThanOrEqual(0);
    }
  });

  it('are written of what was turned down as well, with the reason', async () => {
    const written = new Written();
    await using network = await EndorserNetwork.start(undefined, { tracer: written.tracer });
    await expect(network.peer.propose(proposal({ creator: stranger.client }).bytes)).rejects.toThrow('access denied');
    const [request, response] = written.take();
    expect(request).toMatchObject({ point: 'endorse.request', step: { chaincode: 'basic', function: 'put' } });
    expect(response?.step).toMatchObject({
      status: 500,
      error: expect.stringContaining('creator org unknown') as string,
    });

    await network.peer.propose(proposal({ chaincode: 'nowhere' }).bytes);
    expect(written.take().map(({ step }) => ('error' in step ? step.error : ''))).toEqual([
      '',
      expect.stringContaining('chaincode nowhere not found'),
    ]);
    // Nothing to file it under.
    await expect(network.peer.propose(Buffer.from('garbage'))).rejects.toThrow('unmarshalling');
    expect(written.take()).toEqual([]);
  });

  it('do not take up IDs of any length that a client cares to send', async () => {
    const written = new Written();
    await using network = await EndorserNetwork.start(undefined, { tracer: written.tracer });
    const outcome = network.peer.propose(proposal({ txId: 'x'.repeat(1_000_000) }).bytes);
    await expect(outcome).rejects.toThrow('incorrectly computed txid');
    // Nor does the status, which travels in a header of the response.
    const message = await outcome.catch((error: unknown) => (error as Error).message);
    expect((message as string).length).toBeLessThan(5000);
    expect(written.take()).toEqual([]);
  });
});

describe('metrics', () => {
  it('have the names, labels and meaning that a Go peer gives them', async () => {
    const registry = new Registry();
    const metrics = createEndorserMetrics(registry);
    await using network = await EndorserNetwork.start(undefined, { modules: { metrics } });
    network.install('basic', basic);
    const sent = proposal();
    await network.peer.propose(sent.bytes);
    await network.block([endorsedTransaction(sent, [await network.peer.propose(sent.bytes)])]);
    await expect(network.peer.propose(sent.bytes)).rejects.toThrow('duplicate transaction found');
    await expect(network.peer.propose(proposal({ epoch: 3 }).bytes)).rejects.toThrow('epoch');
    await network.peer.propose(proposal({ isInit: true }).bytes);

    const lines = (await registry.metrics()).split('\n');
    const labels = `channel="${CHANNEL}",chaincode="basic"`;
    expect(lines).toEqual(
      expect.arrayContaining([
        'endorser_proposals_received 5',
        'endorser_successful_proposals 2',
        'endorser_proposal_validation_failures 1',
        `endorser_duplicate_transaction_failures{${labels}} 1`,
        `endorser_proposal_simulation_failures{${labels}} 1`,
        `endorser_proposal_duration_count{${labels},success="true"} 2`,
        `endorser_proposal_duration_count{${labels},success="false"} 1`,
      ]),
    );
  });

  it('have as many chaincodes as a peer may have, whatever clients name', async () => {
    const registry = new Registry();
    const metrics = createEndorserMetrics(registry);
    await using network = await EndorserNetwork.start(undefined, { modules: { metrics } });
    network.install('basic', basic);
    await network.peer.propose(proposal().bytes);
    for (let number = 0; number < MAX_CHAINCODES; number++) {
      metrics.labels({ channelId: CHANNEL, chaincode: `invented${number}` });
    }
    await network.peer.propose(proposal({ chaincode: 'nobody' }).bytes);
    await network.peer.propose(proposal().bytes);
    const lines = (await registry.metrics()).split('\n');
    const count = 'endorser_proposal_duration_count';
    expect(lines.filter((line) => line.startsWith(`${count}{`))).toEqual([
      `${count}{channel="${CHANNEL}",chaincode="basic",success="true"} 2`,
      `${count}{channel="${CHANNEL}",chaincode="other",success="false"} 1`,
    ]);
  });
});
