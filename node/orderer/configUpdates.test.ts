import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { makeOrganization } from '#test/harness/signedChannel.ts';
import type { Orderer } from './orderer.ts';
import { TestNetwork, type TestChannelOptions } from './testing/testChannel.ts';
import {
  allBlocks,
  blockOf,
  broadcast,
  chainOf,
  openOrderer,
  temporaryFolder,
  txIdsOf,
} from './testing/testOrderer.ts';

const network = new TestNetwork();
let folder: ReturnType<typeof temporaryFolder>;
let orderer: Orderer;

beforeEach(async () => {
  folder = temporaryFolder();
  orderer = await openOrderer(folder.path, network);
});
afterEach(async () => {
  await orderer.close();
  folder.remove();
});

async function join(options: TestChannelOptions = {}): Promise<void> {
  await orderer.registrar.join('mychannel', network.genesis(options));
}

async function answer(envelope: Uint8Array): Promise<{ readonly status: string; readonly info: string } | undefined> {
  return (await broadcast(orderer, [envelope]))[0];
}

const update = (options: TestChannelOptions, parts?: Parameters<TestNetwork['update']>[2]): Promise<Uint8Array> =>
  network.update(chainOf(orderer).bundle, options, parts);

describe('an update of the configuration is refused', () => {
  const context = "error applying config update to existing channel 'mychannel'";

  it('without the signatures that its elements want', async () => {
    await join();
    const found = await answer(await update({ maxMessageCount: 3 }, { signers: [network.org1.client] }));
    expect(found?.status).toBe('BAD_REQUEST');
    expect(found?.info).toBe(
      `${context}: error authorizing update: error validating DeltaSet: policy for [Value]  /Channel/Orderer/BatchSize not satisfied: implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Admins' sub-policies to be satisfied`,
    );
  });

  it('when it was made for a configuration that is no more', async () => {
    await join();
    const stale = await update({ maxMessageCount: 4 });
    await answer(await update({ maxMessageCount: 3 }));
    await blockOf(orderer, 1);
    const found = await answer(stale);
    expect(found?.status).toBe('BAD_REQUEST');
    expect(found?.info).toBe(
      `${context}: error authorizing update: error validating DeltaSet: attempt to set key [Value]  /Channel/Orderer/BatchSize to version 1, but key is at version 1`,
    );
    expect(chainOf(orderer).bundle.orderer?.batchSize.maxMessageCount).toBe(3);
  });

  it('from somebody who may not write at all', async () => {
    await join();
    const creator = makeOrganization('Org9MSP', 'peer').client;
    expect(await answer(await update({ maxMessageCount: 3 }, { creator }))).toEqual({
      status: 'FORBIDDEN',
      info: expect.stringMatching(
        /^config update for existing channel did not pass initial checks: .*: permission denied$/u,
      ),
    });
  });

  it('when the configuration that it leads to is larger than a message may be', async () => {
    await join({ absoluteMaxBytes: 6500, preferredMaxBytes: 6000 });
    expect(await answer(await update({ maxMessageCount: 3, absoluteMaxBytes: 6500, preferredMaxBytes: 6000 }))).toEqual(
      {
        status: 'BAD_REQUEST',
        info: expect.stringMatching(
          /^config update for existing channel did not pass final checks: message payload is \d+ bytes and exceeds maximum allowed 6500 bytes$/u,
        ),
      },
    );
  });

  it('when it makes no sense: no timeout, consenters that nobody vouches for or that this orderer is not among', async () => {
    await join();
    expect(await answer(await update({ batchTimeout: '0s' }))).toEqual({
      status: 'BAD_REQUEST',
      info: `${context}: initializing channelconfig failed: could not create channel Orderer sub-group config: Attempted to set the batch timeout to a non-positive value: 0s`,
    });
    const consensus = `${context}: consensus metadata update for channel config update is invalid: invalid new config metadata`;
    const stranger = new TestNetwork().server;
    const other = network.tlsHolder('orderer1');
    for (const [consenters, reason] of [
      [[stranger], 'consenter orderer0.example.com:7050 has invalid certificate: verifying tls client cert'],
      [[other], 'the only consenter would be another one'],
      [[network.server, other], 'the channel has 2 consenters'],
      [[], 'empty consenter set'],
    ] as const) {
      const found = await answer(await update({}, { consenters }));
      expect(found).toMatchObject({ status: 'BAD_REQUEST', info: expect.stringContaining(`${consensus}: ${reason}`) });
    }
    expect(chainOf(orderer).height).toBe(1);
  });
});

describe('a consenter', () => {
  it('may renew its certificate while it keeps the key', async () => {
    await join();
    const renewed = network.tlsHolder('orderer0.example.com', { key: network.server.privateKey });
    expect(await answer(await update({}, { consenters: [renewed] }))).toMatchObject({ status: 'SUCCESS' });
    await blockOf(orderer, 1);
    await orderer.close();
    orderer = await openOrderer(folder.path, network);
    expect(orderer.registrar.info('mychannel')).toMatchObject({ consensusRelation: 'consenter', height: 2 });
  });
});

describe('messages that a new configuration overtook', () => {
  it('are checked again: those that no longer pass are dropped, the others stay in their order', async () => {
    await join({ maxMessageCount: 1, batchTimeout: '1h' });
    const chain = chainOf(orderer);
    const first = await update({ maxMessageCount: 1, absoluteMaxBytes: 9000, preferredMaxBytes: 9000 });
    const second = await update({ maxMessageCount: 2, batchTimeout: '1h' });
    const [small, large] = [network.transaction(), network.transaction({ bytes: 20_000 })].map((one) =>
      EnvelopeView.fromBytes(one),
    ) as [EnvelopeView, EnvelopeView];
    // All are checked under the first configuration, and handed over one after the other.
    const configs = await Promise.all(
      [first, second].map((one) => chain.processor.processConfigUpdate(EnvelopeView.fromBytes(one))),
    );
    const sequence = await chain.processor.processNormal(large);
    const accepted = [
      ...configs.map((config) => chain.consenter.configure(config.envelope, config.sequence)),
      chain.consenter.order(large, sequence),
      chain.consenter.order(small, sequence),
    ];
    await expect(Promise.all(accepted)).resolves.toHaveLength(4);
    await blockOf(orderer, 2);
    const blocks = await allBlocks(orderer);
    // The second update read the same version as the first: only one of them can be.
    expect(chain.bundle.sequence).toBe(1);
    expect(blocks.slice(1).map(({ envelopes }) => envelopes[0]?.channelHeader.typeName)).toEqual([
      'CONFIG',
      'ENDORSER_TRANSACTION',
    ]);
    expect(txIdsOf(blocks)).toEqual([small.channelHeader.txId]);
  });
});

describe('maintenance', () => {
  it('takes configuration updates of orderers alone, and ends with one', async () => {
    await join();
    const into = await update({ maintenance: true });
    expect(await answer(into)).toEqual({ status: 'SUCCESS', info: '' });
    await blockOf(orderer, 1);
    expect(await answer(network.transaction())).toEqual({
      status: 'SERVICE_UNAVAILABLE',
      info: 'normal transactions are rejected: maintenance mode',
    });
    expect(await answer(await update({ maintenance: false }))).toMatchObject({ status: 'FORBIDDEN' });
    const creator = network.ordererOrg.client;
    expect(await answer(await update({ maintenance: true, consensusType: 'BFT' }, { creator }))).toMatchObject({
      status: 'BAD_REQUEST',
      info: expect.stringContaining('failed to find a consenter for consensus type: BFT'),
    });
    expect(await answer(await update({ maintenance: false }, { creator }))).toEqual({ status: 'SUCCESS', info: '' });
    await blockOf(orderer, 2);
    expect(await answer(network.transaction())).toEqual({ status: 'SUCCESS', info: '' });
  });

  it('is entered by an update that changes nothing else', async () => {
    await join();
    const context =
      'config update for existing channel did not pass maintenance checks: config transaction inspection failed';
    expect(await answer(await update({ maintenance: true, maxMessageCount: 3 }))).toEqual({
      status: 'BAD_REQUEST',
      info: `${context}: config update contain more then just the ConsensusType value in the Orderer group`,
    });
    expect(await answer(await update({ maintenance: true, maxInflightBlocks: 7 }))).toEqual({
      status: 'BAD_REQUEST',
      info: `${context}: attempted to change ConsensusType.Metadata, but ConsensusType.State is changing from STATE_NORMAL to STATE_MAINTENANCE`,
    });
  });
});
