import { createHash } from 'node:crypto';
import { common, ledger, peer as protos, transientstore } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { DeliverService } from '#node/deliver/deliverService.ts';
import { peerDeliver } from '#node/deliver/peerDeliver.ts';
import { seekEnvelope } from '#node/deliver/seekEnvelope.ts';
import { callContext, requestsOf } from '#node/deliver/testChain.ts';
import { privateNamespace } from '#node/ledger/state/namespaces.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { NO_TRACER } from '#node/tracing/tracer.ts';
import { BlockMaker, definitionWrites, type NamespaceWrites } from '#test/harness/signedBlocks.ts';
import { channelConfig, genesisEnvelope } from '#test/harness/signedChannel.ts';
import { privateWrites } from '#test/harness/privateWrites.ts';
import { parsePolicy } from '#node/policy/policyDsl.ts';
import { CHANNEL, MAJORITY, org1, org2, orderers, put, transaction } from '#test/unit/commitNetwork.ts';
import { reached, testPeer } from './testPeer.ts';

const OURS = '_implicit_org_Org1MSP';
const THEIRS = '_implicit_org_Org2MSP';

interface Collection {
  readonly name: string;
  readonly members: string;
  readonly memberOnlyRead?: boolean;
}

function definition(collections: readonly Collection[], sequence = 1): NamespaceWrites {
  const set = new protos.CollectionConfigPackage();
  for (const { name, members, memberOnlyRead = false } of collections) {
    const policy = new protos.CollectionPolicyConfig();
    policy.setSignaturePolicy(parsePolicy(members));
    const config = new protos.StaticCollectionConfig();
    config.setName(name);
    config.setMemberOrgsPolicy(policy);
    config.setMemberOnlyRead(memberOnlyRead);
    const one = new protos.CollectionConfig();
    one.setStaticCollectionConfig(config);
    set.addConfig(one);
  }
  const data = new protos.lifecycle.StateData();
  data.setBytes(set.serializeBinary());
  const { namespace, writes = [] } = definitionWrites({ name: 'basic', policy: MAJORITY, sequence });
  return {
    namespace,
    writes: writes.map(({ key, value }) => ({
      key,
      value: key.endsWith('/Collections') ? data.serializeBinary() : value,
    })),
  };
}

const define = (collections: readonly Collection[], sequence = 1): Uint8Array =>
  transaction([definition(collections, sequence)], { chaincode: '_lifecycle', version: 'syscc' });

const rwset = (key: string): Uint8Array => privateWrites({ [key]: `value of ${key}` });

const hashed = (name: string, key: string) => ({
  name,
  keys: [key],
  privateHash: createHash('sha256').update(rwset(key)).digest(),
});

/** What an endorser keeps of a transaction until it is committed. */
function endorsed(entries: Readonly<Record<string, string>>): Uint8Array {
  const namespace = new ledger.rwset.NsPvtReadWriteSet();
  namespace.setNamespace('basic');
  for (const [name, key] of Object.entries(entries)) {
    const one = new ledger.rwset.CollectionPvtReadWriteSet();
    one.setCollectionName(name);
    one.setRwset(rwset(key));
    namespace.addCollectionPvtRwset(one);
  }
  const set = new ledger.rwset.TxPvtReadWriteSet();
  set.addNsPvtRwset(namespace);
  const message = new transientstore.TxPvtReadWriteSetWithConfigInfo();
  message.setEndorsedAt(1);
  message.setPvtRwset(set);
  return message.serializeBinary();
}

const txIdOf = (envelope: Uint8Array): string => {
  const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(envelope).getPayload_asU8());
  return common.ChannelHeader.deserializeBinary(
    payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(0),
  ).getTxId();
};

async function ownPeer(collections: readonly Collection[], transientRetention = 20_000) {
  const maker = new BlockMaker(orderers.node);
  const first = maker.next([genesisEnvelope(CHANNEL, channelConfig([org1, org2], orderers))]);
  const peer = await testPeer([first, maker.next([define(collections)])], { transientRetention });
  const channel = await peer.channels.join(BlockView.fromBytes(first));
  await reached(channel, 1);
  return {
    peer,
    channel,
    async block(...data: Uint8Array[]): Promise<void> {
      const { number } = maker;
      peer.sources.get(CHANNEL)?.add(maker.next(data));
      await reached(channel, number);
    },
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}

const wanted = (collection: string) => ({ tx: 0, namespace: 'basic', collection });

const kept = async (store: { ofTransaction(txId: string): AsyncIterable<unknown> }, txId: string): Promise<number> => {
  let count = 0;
  for await (const _ of store.ofTransaction(txId)) {
    count++;
  }
  return count;
};

describe('private data of a block', () => {
  it('are taken from the transient store where this organisation is a member, and dropped there', async () => {
    await using own = await ownPeer([
      { name: 'both', members: "OR('Org1MSP.member','Org2MSP.member')" },
      { name: 'theirs', members: "OR('Org2MSP.member')" },
    ]);
    const { channel } = own;
    const collections = [hashed('both', 'a'), hashed('theirs', 'b'), hashed(OURS, 'c'), hashed(THEIRS, 'd')];
    const envelope = transaction([{ namespace: 'basic', collections }]);
    const txId = txIdOf(envelope);
    await channel.transientStore.persist(txId, 2, Buffer.from('what is not private data'));
    await channel.transientStore.persist(txId, 2, endorsed({ both: 'another', [OURS]: 'c' }));
    await channel.transientStore.persist(txId, 2, endorsed({ both: 'a', theirs: 'b', [THEIRS]: 'd' }));
    await own.block(transaction([put('x')]), envelope);

    const values = await Promise.all(
      Object.entries({ both: 'a', theirs: 'b', [OURS]: 'c', [THEIRS]: 'd' }).map(async ([name, key]) => {
        const found = await channel.ledger.state.get(privateNamespace('basic', name), key);
        return found === null ? null : Buffer.from(found.value).toString();
      }),
    );
    expect(values).toEqual(['value of a', null, 'value of c', null]);
    expect(await channel.ledger.privateData.missing(10)).toEqual([]);
    await own.peer.restart();
    const again = own.peer.channels.channel(CHANNEL);
    expect(again === null ? -1 : await kept(again.transientStore, txId)).toBe(0);
  });

  it('that are not at hand are noted as missing, and so once the organisation becomes a member', async () => {
    const theirs = { name: 'some', members: "OR('Org2MSP.member')" };
    await using own = await ownPeer([theirs]);
    await own.block(transaction([{ namespace: 'basic', collections: [hashed('some', 'a'), hashed(OURS, 'b')] }]));
    const { privateData } = own.channel.ledger;
    expect(await privateData.missing(10)).toEqual([{ block: 2, entries: [wanted(OURS)] }]);

    await own.block(define([{ ...theirs, members: "OR('Org1MSP.member','Org2MSP.member')" }], 2));
    expect(await privateData.missing(10)).toEqual([{ block: 2, entries: [wanted('some'), wanted(OURS)] }]);
  });

  it('that were never committed are dropped after their time', async () => {
    await using own = await ownPeer([], 3);
    await own.channel.transientStore.persist('never', 1, endorsed({ [OURS]: 'a' }));
    for (let number = 2; number <= 6; number++) {
      await own.block(transaction([put(`key ${number}`)]));
    }
    const again = (await own.peer.restart()).channel(CHANNEL);
    expect(again === null ? -1 : await kept(again.transientStore, 'never')).toBe(0);
  });
});

describe('blocks for clients', () => {
  it('come with the private data that the client may read, or with less than the block', async () => {
    const collections = [
      { name: 'open', members: "OR('Org1MSP.member')" },
      { name: 'closed', members: "OR('Org1MSP.member')", memberOnlyRead: true },
    ];
    await using own = await ownPeer(collections);
    const event = new protos.ChaincodeEvent();
    event.setChaincodeId('basic');
    event.setEventName('Done');
    event.setPayload(Buffer.from('secret'));
    const envelope = transaction(
      [{ namespace: 'basic', collections: [hashed('open', 'a'), hashed('closed', 'b'), hashed(OURS, 'c')] }],
      { event: event.serializeBinary() },
    );
    await own.channel.transientStore.persist(txIdOf(envelope), 2, endorsed({ open: 'a', closed: 'b', [OURS]: 'c' }));
    await own.block(envelope);

    const refusals: string[] = [];
    const access = {
      check: async (resource: string) => {
        refusals.push(resource);
      },
    };
    const deliver = peerDeliver(new DeliverService({}, { chains: own.peer.channels, tracer: NO_TRACER }), {
      access,
      ledger: (id) => own.peer.channels.channel(id)?.ledger ?? null,
    });
    const ask = async (method: string, signer = org1.client) => {
      const one = deliver.methods[method];
      const seek = await seekEnvelope({ channelId: CHANNEL, from: 2, to: 2 }, signer);
      const answers: protos.DeliverResponse[] = [];
      for await (const bytes of one?.kind === 'stream' ? one.handle(requestsOf(seek), callContext()) : []) {
        answers.push(protos.DeliverResponse.deserializeBinary(bytes));
      }
      expect(answers.at(-1)?.getStatus()).toBe(common.Status.SUCCESS);
      return answers[0];
    };
    const names = async (signer: typeof org1.client) => {
      const map = (await ask('DeliverWithPrivateData', signer))?.getBlockAndPrivateData()?.getPrivateDataMapMap();
      const sets = map?.get(0)?.getNsPvtRwsetList() ?? [];
      return sets.flatMap((one) => one.getCollectionPvtRwsetList().map((set) => set.getCollectionName()));
    };
    expect(await names(org1.client)).toEqual([OURS, 'closed', 'open']);
    expect(await names(org2.client)).toEqual([OURS, 'open']);

    const filtered = (await ask('DeliverFiltered'))?.getFilteredBlock();
    const [only] = filtered?.getFilteredTransactionsList() ?? [];
    expect([filtered?.getNumber(), filtered?.getChannelId(), only?.getTxid()]).toEqual([2, CHANNEL, txIdOf(envelope)]);
    expect(only?.getTxValidationCode()).toBe(protos.TxValidationCode.VALID);
    const [told] = only?.getTransactionActions()?.getChaincodeActionsList() ?? [];
    expect(told?.getChaincodeEvent()?.toObject()).toMatchObject({
      chaincodeId: 'basic',
      eventName: 'Done',
      payload: '',
    });
    expect((await ask('Deliver'))?.getBlock()?.getHeader()?.getNumber()).toBe(2);
    expect(new Set(refusals)).toEqual(new Set(['event/Block', 'event/FilteredBlock']));
  });
});
