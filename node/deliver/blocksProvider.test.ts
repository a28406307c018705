import { describe, expect, it } from 'vitest';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { NO_TRACER } from '#node/tracing/tracer.ts';
import { BlockMaker } from '#test/harness/signedBlocks.ts';
import { channelConfig, genesisEnvelope, makeOrganization } from '#test/harness/signedChannel.ts';
import { until } from '#test/harness/until.ts';
import { BlocksProvider, type BlocksProviderOptions, type ProviderEvent } from './blocksProvider.ts';
import { HeaderReceiver } from './headerReceiver.ts';
import { ordererEndpoints } from './ordererEndpoints.ts';
import { TestChain } from './testChain.ts';
import { plainClient, testOrderer, withOrderers } from './testOrderer.ts';

const CHANNEL = 'mychannel';
const org1 = makeOrganization('Org1MSP', 'peer');
const orderers = makeOrganization('OrdererMSP', 'orderer');
const config = channelConfig([org1], orderers);

function madeBlocks(count: number): readonly Uint8Array[] {
  const maker = new BlockMaker(orderers.node);
  return Array.from({ length: count }, (_, number) =>
    maker.next([number === 0 ? genesisEnvelope(CHANNEL, config) : Buffer.from(`data of ${number}`)]),
  );
}

const BLOCKS = madeBlocks(12);
const chainOf = (count: number): TestChain => new TestChain(CHANNEL, BLOCKS.slice(0, count));

/** A peer that pulls: its chain grows with what it takes. */
class Puller {
  readonly channelId = CHANNEL;
  bundle: ChannelBundle;
  height = 0;
  readonly senders: (string | undefined)[] = [];
  readonly events: ProviderEvent[] = [];
  readonly traced: string[] = [];
  readonly provider: BlocksProvider;
  readonly stop = new AbortController();
  #blocks: AsyncIterator<{ readonly view: BlockView; readonly sender: { readonly address?: string } | null }> | null =
    null;

  constructor(addresses: readonly string[], options: BlocksProviderOptions = {}, consensusType?: string) {
    this.bundle = bundleOf(addresses, consensusType);
    this.provider = new BlocksProvider(
      { minimalReconnectIntervalMs: 1, connectionTimeoutMs: 2000, ...options },
      {
        chain: this,
        signer: org1.node,
        tracer: {
          ...NO_TRACER,
          deliverSubscribe: (_, from, { address }) => this.traced.push(`from ${from} at ${address}`),
          deliverBlock: (_, { number }, { address }) => this.traced.push(`${number} of ${address}`),
        },
        connect: plainClient,
        onEvent: (event) => this.events.push(event),
        // The order of the configuration.
        random: () => 0,
      },
    );
  }

  /** Takes the next blocks. */
  async take(count: number): Promise<readonly number[]> {
    this.#blocks ??= this.provider.blocks(this.stop.signal);
    const numbers: number[] = [];
    for (let taken = 0; taken < count; taken++) {
      const { value } = await this.#blocks.next();
      numbers.push(value.view.number);
      this.senders.push(value.sender?.address);
      this.height = value.view.number + 1;
    }
    return numbers;
  }

  /** Begins anew after a block was not taken. */
  async again(): Promise<void> {
    await this.#blocks?.return?.();
    this.#blocks = null;
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.again();
  }

  get failures(): readonly string[] {
    return this.events.flatMap((event) => (event.kind === 'failed' ? [`${event.address}: ${event.reason}`] : []));
  }
}

function bundleOf(addresses: readonly string[], consensusType?: string): ChannelBundle {
  return ChannelBundle.fromConfig(CHANNEL, withOrderers(config, addresses, consensusType));
}

describe('blocks from the ordering service', () => {
  it('come from another orderer when one goes away', async () => {
    await using first = await testOrderer(chainOf(4));
    await using second = await testOrderer(chainOf(8));
    const peer = new Puller([first.address, second.address]);
    expect(await peer.take(4)).toEqual([0, 1, 2, 3]);
    const more = peer.take(4);
    await first.stop();
    expect(await more).toEqual([4, 5, 6, 7]);
    expect(new Set(peer.senders.slice(0, 4))).toEqual(new Set([first.address]));
    expect(new Set(peer.senders.slice(4))).toEqual(new Set([second.address]));
    expect(peer.traced).toContain(`from 4 at ${second.address}`);
    expect(peer.traced.at(-1)).toBe(`7 of ${second.address}`);
    expect(peer.failures).toHaveLength(1);
    await peer.end();
  });

  it('come when an orderer is there at last', async () => {
    const probe = await testOrderer(chainOf(1));
    const { address } = probe;
    await probe.stop();
    const peer = new Puller([address], { connectionTimeoutMs: 50 });
    const blocks = peer.take(3);
    await until(() => peer.failures.length >= 2);
    await using _ = await testOrderer(chainOf(3), address);
    expect(await blocks).toEqual([0, 1, 2]);
    const counts = peer.events.flatMap((event) => (event.kind === 'failed' ? [event.failures] : []));
    expect(counts).toEqual(counts.map((_one, index) => index + 1));
    await peer.end();
  });

  it('that are not taken are asked for elsewhere', async () => {
    await using first = await testOrderer(chainOf(8));
    await using second = await testOrderer(chainOf(8));
    const peer = new Puller([first.address, second.address]);
    await peer.take(3);
    await peer.again();
    peer.provider.reject(3, 'no signature');
    expect(await peer.take(2)).toEqual([3, 4]);
    expect(peer.senders.at(-1)).toBe(second.address);
    expect(peer.failures[0]).toContain('block [3] could not be verified: no signature');
    await peer.end();
  });

  it('come from elsewhere once an orderer says that it cannot go on', async () => {
    const broken = chainOf(3);
    await using first = await testOrderer(broken);
    await using second = await testOrderer(chainOf(5));
    const peer = new Puller([first.address, second.address]);
    await peer.take(3);
    const more = peer.take(2);
    broken.failure = 'no leader';
    expect(await more).toEqual([3, 4]);
    expect(peer.failures[0]).toContain('SERVICE_UNAVAILABLE');
    await peer.end();
  });

  it('come from the orderers of the new configuration, at once', async () => {
    await using first = await testOrderer(chainOf(3));
    await using second = await testOrderer(chainOf(6));
    const peer = new Puller([first.address]);
    await peer.take(3);
    const more = peer.take(3);
    peer.provider.configChanged();
    peer.bundle = bundleOf([second.address]);
    peer.provider.configChanged();
    expect(await more).toEqual([3, 4, 5]);
    expect(peer.failures).toEqual([]);
    await peer.end();
  });

  it('end with the signal, whatever is waited for', async () => {
    await using only = await testOrderer(chainOf(1));
    const peer = new Puller([only.address], { connectionTimeoutMs: 50 });
    await peer.take(1);
    await peer.again();
    // While it waits for a block, while it waits for the next attempt.
    for (const event of ['subscribed', 'failed'] as const) {
      peer.events.length = 0;
      const stop = new AbortController();
      const next = peer.provider.blocks(stop.signal).next();
      if (event === 'failed') {
        await only.stop();
      }
      await until(() => peer.events.at(-1)?.kind === event);
      stop.abort();
      expect(await next).toMatchObject({ done: true });
    }
  });
});

describe('an orderer of a BFT service that keeps blocks back', () => {
  it('is left when another proves that there are more', async () => {
    await using silent = await testOrderer(chainOf(3));
    await using honest = await testOrderer(chainOf(6));
    const peer = new Puller([silent.address, honest.address], { blockCensorshipTimeoutMs: 40 }, 'BFT');
    expect(await peer.take(6)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(peer.failures[0]).toContain(`block censorship detected, endpoint: ${silent.address}`);
    expect(peer.senders.slice(3)).toEqual(Array.from({ length: 3 }, () => honest.address));
    await peer.end();
  });

  it('is not left for one that feigns blocks', async () => {
    const receiver = new HeaderReceiver(bundleOf(['orderer:7050'], 'BFT'));
    const forger = new BlockMaker(org1.node);
    const forged = [0, 1].map(() => BlockView.fromBytes(forger.next([Buffer.from('forged')])));
    async function* headers() {
      yield forged[1] as BlockView;
    }
    const follow = receiver.follow(headers(), 1, bundleOf(['orderer:7050']), Date.now);
    await expect(follow).rejects.toMatchObject({ code: 'block_signature' });
    expect(receiver.last).toBeNull();
  });
});

describe('endpoints', () => {
  it('are those of the organisations, with overrides', () => {
    const bundle = bundleOf(['orderer0:7050', 'orderer1:7050']);
    expect(ordererEndpoints(bundle).map(({ address }) => address)).toEqual(['orderer0:7050', 'orderer1:7050']);
    const elsewhere = { address: 'localhost:1', tlsRoots: 'roots' };
    expect(ordererEndpoints(bundle, new Map([['orderer1:7050', elsewhere]]))[1]).toBe(elsewhere);
  });

  it("are the channel's own where no organisation lists any", () => {
    const none = ChannelBundle.fromConfig(CHANNEL, withOrderers(config, []));
    expect(ordererEndpoints(none).map(({ address }) => address)).toEqual(['localhost:7050']);
  });
});
