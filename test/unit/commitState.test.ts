import { common, ledger, peer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { computeUpdate } from '#node/channel/computeUpdate.ts';
import { type Config, type ConfigGroup, encodeConfig } from '#node/channel/configGroup.ts';
import { decodeConfigEnvelope, encodeConfigEnvelope, encodeConfigUpdate } from '#node/channel/configUpdate.ts';
import { configUpdateEnvelope, signConfigUpdate } from '#node/channel/signUpdate.ts';
import { policyReference } from '#node/commit/policyBook.ts';
import type { Signer } from '#node/crypto/sign.ts';
import { StateUpdates } from '#node/ledger/state/stateUpdates.ts';
import { definitionWrites, signedEnvelope } from '../harness/signedBlocks.ts';
import { signaturePolicyBytes } from '../harness/signedChannel.ts';
import {
  CHANNEL,
  codesOf,
  define,
  EITHER,
  MAJORITY,
  org1,
  org2,
  orderers,
  ownChannel,
  put,
  transaction,
} from './commitNetwork.ts';

const { kvrwset } = ledger.rwset;
type OwnChannel = Awaited<ReturnType<typeof ownChannel>>;

/** A read-write set of `basic` that looked through a range of keys, and what it says it found: block and position by key. */
function rangeQuery(
  [start, end]: readonly [string, string],
  found: Readonly<Record<string, readonly [number, number]>>,
  exhausted = true,
): Uint8Array {
  const query = new kvrwset.RangeQueryInfo();
  query.setStartKey(start);
  query.setEndKey(end);
  query.setItrExhausted(exhausted);
  const reads = new kvrwset.QueryReads();
  for (const [key, [block, tx]] of Object.entries(found)) {
    const version = new kvrwset.Version();
    version.setBlockNum(block);
    version.setTxNum(tx);
    const read = new kvrwset.KVRead();
    read.setKey(key);
    read.setVersion(version);
    reads.addKvReads(read);
  }
  query.setRawReads(reads);
  const set = new kvrwset.KVRWSet();
  set.addRangeQueriesInfo(query);
  return results('basic', set);
}

function results(namespace: string, set: ledger.rwset.kvrwset.KVRWSet): Uint8Array {
  const one = new ledger.rwset.NsReadWriteSet();
  one.setNamespace(namespace);
  one.setRwset(set.serializeBinary());
  const whole = new ledger.rwset.TxReadWriteSet();
  whole.addNsRwset(one);
  return whole.serializeBinary();
}

const ask = (...query: Parameters<typeof rangeQuery>): Uint8Array => transaction([], { results: rangeQuery(...query) });

describe('what was found when a range was looked through', () => {
  it('must still be all that is there', async () => {
    await using channel = await ownChannel();
    await channel.block(
      transaction([
        {
          namespace: 'basic',
          writes: [
            { key: 'b', value: '1' },
            { key: 'd', value: '1' },
          ],
        },
      ]),
    );
    const block = await channel.block(
      ask(['a', 'z'], { b: [2, 0], d: [2, 0] }),
      ask(['a', 'z'], { b: [2, 0] }),
      ask(['a', 'z'], { b: [2, 0], c: [2, 0], d: [2, 0] }),
      ask(['a', 'z'], { b: [2, 0], d: [1, 0] }),
      // It stopped at b: what comes after that does not count.
      ask(['a', 'b'], { b: [2, 0] }, false),
      ask(['e', 'z'], {}),
      transaction([{ namespace: 'basic', writes: [{ key: 'b', value: null }] }]),
      ask(['a', 'z'], { b: [2, 0], d: [2, 0] }),
      ask(['c', 'z'], { d: [2, 0] }),
      transaction([put('c')]),
      ask(['c', 'z'], { d: [2, 0] }),
    );

    const phantom = 'PHANTOM_READ_CONFLICT';
    expect(codesOf(block)).toEqual([
      'VALID',
      phantom,
      phantom,
      phantom,
      'VALID',
      'VALID',
      'VALID',
      phantom,
      'VALID',
      'VALID',
      phantom,
    ]);
    expect(block.transactions[1]?.reason).toMatch(/range/);
  });
});

describe('endorsement policies that refer to the channel’s', () => {
  it.each([
    ['one that is not there', '/Channel/Application/Nowhere', 'ENDORSEMENT_POLICY_FAILURE'],
    ['one of a group that is not there', '/Channel/Nowhere/Endorsement', 'ENDORSEMENT_POLICY_FAILURE'],
    ['one of another channel’s root', '/Nowhere/Application/Endorsement', 'ENDORSEMENT_POLICY_FAILURE'],
    ['no name', '', 'ENDORSEMENT_POLICY_FAILURE'],
    ['one from the root on', 'Application/Endorsement', 'VALID'],
    ['one of an organisation', '/Channel/Application/Org1MSP/Endorsement', 'VALID'],
  ])('%s (%s): %s', async (_what, path, code) => {
    await using channel = await ownChannel({}, [{ name: 'basic', policy: policyReference(path) }]);
    const block = await channel.block(transaction([put('a')]));
    expect(codesOf(block)).toEqual([code]);
  });
});

async function currentConfig(channel: OwnChannel): Promise<Config> {
  return decodeConfigEnvelope((await channel.ledger.configEnvelope()) as Uint8Array).config as Config;
}

/** The same with another hash algorithm's name left alone and another batch size: what the orderers' administrators decide. */
function withBatchSize(config: Config, count: number): Config {
  const root = config.channelGroup as ConfigGroup;
  const section = root.groups.get('Orderer') as ConfigGroup;
  const size = section.values.get('BatchSize') as NonNullable<ReturnType<typeof section.values.get>>;
  const value = Uint8Array.from(size.value);
  // max_message_count is the first field.
  expect(value[0]).toBe(0x08);
  value[1] = (count & 0x7f) | 0x80;
  const orderer = { ...section, values: new Map([...section.values, ['BatchSize', { ...size, value }]]) };
  return { ...config, channelGroup: { ...root, groups: new Map([...root.groups, ['Orderer', orderer]]) } };
}

/** The transaction that an orderer makes of an update that these signed. */
async function configTransaction(channel: OwnChannel, count: number, signers: readonly Signer[]): Promise<Uint8Array> {
  const before = await currentConfig(channel);
  const after = withBatchSize(before, count);
  const update = encodeConfigUpdate(computeUpdate(CHANNEL, before, after));
  const signatures = await Promise.all(signers.map((signer) => signConfigUpdate(update, signer)));
  const lastUpdate = await configUpdateEnvelope(CHANNEL, { configUpdate: update, signatures }, org1.client);
  const root = after.channelGroup as ConfigGroup;
  const section = root.groups.get('Orderer') as ConfigGroup;
  const size = section.values.get('BatchSize') as NonNullable<ReturnType<typeof section.values.get>>;
  const values = new Map([...section.values, ['BatchSize', { ...size, version: size.version + 1 }]]);
  const config = {
    ...after,
    sequence: before.sequence + 1,
    channelGroup: { ...root, groups: new Map([...root.groups, ['Orderer', { ...section, values }]]) },
  };
  return asConfigTransaction(encodeConfigEnvelope({ config, lastUpdate }));
}

function asConfigTransaction(data: Uint8Array): Uint8Array {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.CONFIG);
  channelHeader.setChannelId(CHANNEL);
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(orderers.node.identity);
  signatureHeader.setNonce(Uint8Array.of(1, 2, 3));
  return signedEnvelope(channelHeader.serializeBinary(), signatureHeader.serializeBinary(), data, orderers.node);
}

describe('an update of the configuration', () => {
  it('is taken when those signed who may decide', async () => {
    await using channel = await ownChannel();
    const block = await channel.block(await configTransaction(channel, 7, [orderers.client]));
    expect(codesOf(block)).toEqual(['VALID']);
    expect([block.isConfig, (await currentConfig(channel)).sequence]).toEqual([true, 1]);
    expect(codesOf(await channel.block(transaction([put('a')])))).toEqual(['VALID']);
  });

  it.each([
    ['nobody', []],
    ['others', [org1.client, org2.client]],
  ])('stops the channel when %s signed', async (_who, signers) => {
    await using channel = await ownChannel();
    const before = await currentConfig(channel);
    const forged = await configTransaction(channel, 7, signers);
    await expect(channel.block(forged)).rejects.toMatchObject({ code: 'config_rejected' });
    expect(channel.ledger.height).toBe(2);
    expect(encodeConfig(await currentConfig(channel))).toEqual(encodeConfig(before));
  });

  it('stops the channel when it was meant for an earlier configuration', async () => {
    await using channel = await ownChannel();
    const [first, second] = [
      await configTransaction(channel, 7, [orderers.client]),
      await configTransaction(channel, 8, [orderers.client]),
    ];
    await channel.block(first);
    await expect(channel.block(second)).rejects.toMatchObject({ code: 'config_rejected' });
  });

  it('without any configuration is an invalid transaction', async () => {
    await using channel = await ownChannel();
    const block = await channel.block(asConfigTransaction(new Uint8Array(0)));
    expect(codesOf(block)).toEqual(['INVALID_CONFIG_TRANSACTION']);
  });

  it('with something else than a configuration stops the channel', async () => {
    await using channel = await ownChannel();
    const other = asConfigTransaction(Uint8Array.of(0x18, 1));
    await expect(channel.block(other)).rejects.toMatchObject({ code: 'config_rejected' });
  });
});

function text(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of((field << 3) | 2, value.length), value]);
}

/** What `lscc` kept of a chaincode, `ccprovider.ChaincodeData`. */
function legacyDefinition(name: string, policy: Uint8Array, plugin = 'vscc'): Uint8Array {
  return Buffer.concat([
    text(1, Buffer.from(name)),
    text(2, Buffer.from('1.0')),
    text(3, Buffer.from('escc')),
    text(4, Buffer.from(plugin, 'latin1')),
    ...(policy.length === 0
      ? []
      : [Uint8Array.of((5 << 3) | 2, (policy.length & 0x7f) | 0x80, policy.length >> 7), policy]),
  ]);
}

/** A channel that was upgraded: what its state held before stays. */
async function upgraded(entries: Readonly<Record<string, Uint8Array>>): Promise<OwnChannel> {
  const channel = await ownChannel();
  const updates = new StateUpdates();
  for (const [key, value] of Object.entries(entries)) {
    updates.putPublic('lscc', key, { value, metadata: null, version: { block: 1, tx: 0 } });
  }
  await channel.ledger.state.apply(updates, null);
  return channel;
}

describe('chaincodes that were defined before the lifecycle of 2.0', () => {
  const or = signaturePolicyBytes("OR('Org1MSP.peer')");
  const by1 = { chaincode: 'old', endorsers: [org1.node] };
  const by2 = { chaincode: 'old', endorsers: [org2.node] };

  it('keep their policy', async () => {
    await using channel = await upgraded({ old: legacyDefinition('old', or) });
    const block = await channel.block(
      transaction([put('a', 'v', 'old')], by1),
      transaction([put('b', 'v', 'old')], by2),
      // Collections have none of their own.
      transaction([{ namespace: 'old', collections: [{ name: 'any', keys: ['k'] }] }], by1),
    );
    expect(codesOf(block)).toEqual(['VALID', 'ENDORSEMENT_POLICY_FAILURE', 'VALID']);
  });

  it('are under the new one from the block after it', async () => {
    await using channel = await upgraded({ old: legacyDefinition('old', or) });
    await channel.block(define({ name: 'old', policy: MAJORITY }));
    const block = await channel.block(
      transaction([put('a', 'v', 'old')], by1),
      transaction([put('b', 'v', 'old')], { chaincode: 'old' }),
    );
    expect(codesOf(block)).toEqual(['ENDORSEMENT_POLICY_FAILURE', 'VALID']);
  });

  it.each([
    ['without a policy', 'INVALID_CHAINCODE', legacyDefinition('old', new Uint8Array(0))],
    ['without a plugin', 'INVALID_CHAINCODE', legacyDefinition('old', or, '')],
    ['with a policy that cannot be read', 'ENDORSEMENT_POLICY_FAILURE', legacyDefinition('old', Uint8Array.of(255))],
    ['with a policy that asks for nothing', 'ENDORSEMENT_POLICY_FAILURE', legacyDefinition('old', Uint8Array.of(8, 0))],
  ])('%s: %s', async (_what, code, definition) => {
    await using channel = await upgraded({ old: definition });
    expect(codesOf(await channel.block(transaction([put('a', 'v', 'old')], by1)))).toEqual([code]);
  });

  it.each([
    ['cannot be read', Uint8Array.of(255), 'state_unreadable'],
    ['names a plugin that nobody has', legacyDefinition('old', or, 'mine'), 'unknown_plugin'],
    ['names something that is no text', legacyDefinition('old', or, 'vsc\u00ff'), 'state_unreadable'],
  ])('stop the channel where the definition %s', async (_what, definition, code) => {
    await using channel = await upgraded({ old: definition });
    const used = channel.block(transaction([put('a', 'v', 'old')], by1));
    await expect(used).rejects.toMatchObject({ code });
    expect(channel.ledger.height).toBe(2);
  });

  it('cannot be written any more, by whomever and however', async () => {
    await using channel = await upgraded({ old: legacyDefinition('old', or) });
    const block = await channel.block(
      transaction([put('new', 'v', 'lscc')], { chaincode: 'lscc' }),
      transaction([], { chaincode: 'lscc' }),
      transaction([put('a'), { namespace: 'lscc', writes: [{ key: 'old', value: null }] }]),
      transaction([put('a'), { namespace: 'lscc', policies: [{ key: 'old', policy: or }] }]),
      transaction([put('a'), { namespace: 'lscc', collections: [{ name: 'c', keys: ['old'] }] }]),
      // To read it is nobody's business but the reader's.
      transaction([put('a'), { namespace: 'lscc', reads: [{ key: 'old', version: { block: 1, tx: 0 } }] }]),
    );
    const refused = 'INVALID_CHAINCODE';
    expect(codesOf(block)).toEqual([refused, refused, refused, refused, refused, 'VALID']);
  });
});

function stateText(value: string): Uint8Array {
  const data = new peer.lifecycle.StateData();
  data.setString(value);
  return data.serializeBinary();
}

describe('definitions that no Go peer would have written', () => {
  const both = { chaincode: '_lifecycle', version: 'syscc' };

  it.each([
    ['Sequence', stateText('1')],
    ['ValidationInfo', stateText('vscc')],
    ['Collections', Uint8Array.of(8, 1)],
    ['EndorsementInfo', Uint8Array.of(255)],
  ])('stop the channel: %s', async (field, value) => {
    await using channel = await ownChannel();
    const key = `namespaces/fields/odd/${field}`;
    const { namespace, writes = [] } = definitionWrites({ name: 'odd', policy: EITHER });
    const changed = writes.map((write) => (write.key === key ? { key, value } : write));
    expect(codesOf(await channel.block(transaction([{ namespace, writes: changed }], both)))).toEqual(['VALID']);
    const used = channel.block(transaction([put('a', 'v', 'odd')], { chaincode: 'odd' }));
    await expect(used).rejects.toMatchObject({ code: 'state_unreadable' });
    expect(channel.ledger.height).toBe(3);
  });

  it('keep what is not known of a collection’s policy, which nobody meets then', async () => {
    const unknown = peer.ApplicationPolicy.deserializeBinary(new Uint8Array(0));
    await using channel = await ownChannel({}, [
      { name: 'basic', policy: MAJORITY, collections: [{ name: 'empty', policy: unknown }] },
    ]);
    const { namespace, writes = [] } = definitionWrites({ name: 'odd', policy: MAJORITY });
    const policy = Buffer.from('\u0042\u0002\u0018\u0001', 'latin1');
    const config = Buffer.concat([Uint8Array.of(0x0a, 3), Buffer.from('few'), policy]);
    const collection = Buffer.concat([Uint8Array.of(0x0a, config.length), config]);
    const list = Buffer.concat([Uint8Array.of(0x0a, collection.length), collection]);
    const data = new peer.lifecycle.StateData();
    data.setBytes(list);
    const key = 'namespaces/fields/odd/Collections';
    const changed = writes.map((write) => (write.key === key ? { key, value: data.serializeBinary() } : write));
    await channel.block(transaction([{ namespace, writes: changed }], both));
    const block = await channel.block(
      transaction([{ namespace: 'odd', collections: [{ name: 'few', keys: ['k'] }] }], { chaincode: 'odd' }),
      transaction([{ namespace: 'basic', collections: [{ name: 'empty', keys: ['k'] }] }]),
    );
    expect(codesOf(block)).toEqual(['ENDORSEMENT_POLICY_FAILURE', 'VALID']);
  });
});
