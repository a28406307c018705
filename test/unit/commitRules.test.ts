import { common, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { readWriteSet, signedEnvelope, signedTransaction } from '../harness/signedBlocks.ts';
import { signaturePolicyBytes } from '../harness/signedChannel.ts';
import {
  BOTH,
  CHANNEL,
  codesOf,
  define,
  EITHER,
  MAJORITY,
  org1,
  org2,
  orderers,
  ownChannel,
  policyText as policyOf,
  put,
  stranger,
  transaction,
} from './commitNetwork.ts';

const duplicateNamespace = (): Uint8Array => {
  const one = readWriteSet([put('a')]);
  return Buffer.concat([one, readWriteSet([put('b')])]);
};

const view = (bytes: Uint8Array): BlockView => BlockView.fromBytes(bytes);

function event(chaincode: string): Uint8Array {
  const message = new peer.ChaincodeEvent();
  message.setChaincodeId(chaincode);
  message.setEventName('made');
  return message.serializeBinary();
}

function ofType(type: number): Uint8Array {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(type);
  channelHeader.setChannelId(CHANNEL);
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(org1.client.identity);
  signatureHeader.setNonce(Uint8Array.of(1, 2, 3));
  return signedEnvelope(
    channelHeader.serializeBinary(),
    signatureHeader.serializeBinary(),
    new Uint8Array(8),
    org1.client,
  );
}

function altered(envelope: Uint8Array, change: (message: common.Envelope) => void): Uint8Array {
  const message = common.Envelope.deserializeBinary(envelope);
  change(message);
  return message.serializeBinary();
}

/** Each rule, by the code that its breach gets; the reason names what is wrong. */
const cases: readonly (readonly [what: string, code: string, reason: RegExp | null, make: () => Uint8Array])[] = [
  ['nothing wrong', 'VALID', null, () => transaction([put('a')])],
  [
    'endorsed by one of two',
    'ENDORSEMENT_POLICY_FAILURE',
    /MAJORITY/,
    () => transaction([put('a')], { endorsers: [org1.node] }),
  ],
  [
    'one endorser twice',
    'ENDORSEMENT_POLICY_FAILURE',
    /more than once/,
    () => transaction([put('a')], { endorsers: [org1.node, org1.node] }),
  ],
  [
    'two endorsers of one organisation',
    'ENDORSEMENT_POLICY_FAILURE',
    /MAJORITY/,
    () => transaction([put('a')], { endorsers: [org1.node, org1.other] }),
  ],
  [
    'endorsed by clients',
    'ENDORSEMENT_POLICY_FAILURE',
    /MAJORITY/,
    () => transaction([put('a')], { endorsers: [org1.client, org2.client] }),
  ],
  [
    'endorsed by a stranger',
    'ENDORSEMENT_POLICY_FAILURE',
    /do not count/,
    () => transaction([put('a')], { endorsers: [org1.node, stranger.node] }),
  ],
  ['endorsed by nobody', 'ENDORSEMENT_POLICY_FAILURE', /MAJORITY/, () => transaction([put('a')], { endorsers: [] })],
  [
    'writes nothing, endorsed by one',
    'ENDORSEMENT_POLICY_FAILURE',
    /MAJORITY/,
    () => transaction([], { endorsers: [org1.node] }),
  ],
  [
    'chaincode that is not defined',
    'INVALID_CHAINCODE',
    /not defined/,
    () => transaction([put('a', 'v', 'other')], { chaincode: 'other' }),
  ],
  [
    'writes to a namespace that is not defined',
    'INVALID_CHAINCODE',
    /nowhere is not defined/,
    () => transaction([put('a'), put('a', 'v', 'nowhere')]),
  ],
  [
    'writes to a system namespace',
    'INVALID_CHAINCODE',
    /lscc is not defined/,
    () => transaction([put('a'), put('basic', 'v', 'lscc')]),
  ],
  [
    'another chaincode ran than was asked for',
    'INVALID_CHAINCODE',
    /other ran/,
    () => transaction([put('a')], { ranChaincode: 'other' }),
  ],
  ['no chaincode version', 'INVALID_CHAINCODE', /version/, () => transaction([put('a')], { version: '' })],
  ['no chaincode name', 'INVALID_CHAINCODE', /without name/, () => transaction([put('a')], { chaincode: '' })],
  [
    'an event of another chaincode',
    'INVALID_OTHER_REASON',
    /event/,
    () => transaction([put('a')], { event: event('other') }),
  ],
  [
    'an event that is none',
    'INVALID_OTHER_REASON',
    /ChaincodeEvent/,
    () => transaction([put('a')], { event: Uint8Array.of(255) }),
  ],
  ['its own event', 'VALID', null, () => transaction([put('a')], { event: event('basic') })],
  ['a namespace twice', 'ILLEGAL_WRITESET', /twice/, () => transaction([], { results: duplicateNamespace() })],
  [
    'a read-write set that is none',
    'BAD_RWSET',
    /rwset/,
    () => transaction([], { results: Uint8Array.of(0x12, 0x40, 1) }),
  ],
  ['two actions', 'INVALID_ENDORSER_TRANSACTION', /2 actions/, () => transaction([put('a')], { actions: 2 })],
  ['no action', 'INVALID_ENDORSER_TRANSACTION', /0 actions/, () => transaction([put('a')], { actions: 0 })],
  [
    'an answer to another proposal',
    'INVALID_ENDORSER_TRANSACTION',
    /another proposal/,
    () => transaction([put('a')], { proposalHash: new Uint8Array(32) }),
  ],
  [
    'an ID of its own choice',
    'BAD_PROPOSAL_TXID',
    /nonce and creator/,
    () => transaction([put('a')], { txId: 'ff'.repeat(32) }),
  ],
  ['an epoch', 'BAD_COMMON_HEADER', /epoch 7/, () => transaction([put('a')], { epoch: 7 })],
  ['no nonce', 'BAD_COMMON_HEADER', /nonce/, () => transaction([put('a')], { nonce: new Uint8Array(0) })],
  ['a header type that no block holds', 'BAD_COMMON_HEADER', /type/, () => ofType(common.HeaderType.MESSAGE)],
  [
    'an update of the configuration',
    'UNSUPPORTED_TX_PAYLOAD',
    /CONFIG_UPDATE/,
    () => ofType(common.HeaderType.CONFIG_UPDATE),
  ],
  [
    'a creator whom nobody knows',
    'BAD_CREATOR_SIGNATURE',
    /StrangerMSP/,
    () => transaction([put('a')], { creator: stranger.client }),
  ],
  [
    'made for another channel',
    'BAD_CREATOR_SIGNATURE',
    /elsewhere/,
    () => transaction([put('a')], { channelId: 'elsewhere' }),
  ],
  [
    'a signature over something else',
    'BAD_CREATOR_SIGNATURE',
    /does not hold/,
    () => altered(transaction([put('a')]), (one) => one.setSignature(org1.client.signSync(Uint8Array.of(1)))),
  ],
  [
    'a payload that is none',
    'BAD_PAYLOAD',
    /Payload/,
    () => altered(transaction([put('a')]), (one) => one.setPayload(Uint8Array.of(0x0a, 0x7f))),
  ],
  [
    'a payload without header',
    'BAD_COMMON_HEADER',
    /header/,
    () => altered(transaction([put('a')]), (one) => one.setPayload(Uint8Array.of(0x12, 0))),
  ],
  [
    'an endorsement by an orderer of the lifecycle',
    'ENDORSEMENT_POLICY_FAILURE',
    /_lifecycle/,
    () =>
      transaction([{ namespace: '_lifecycle', writes: [{ key: 'x', value: 'y' }] }], {
        chaincode: '_lifecycle',
        endorsers: [orderers.node],
      }),
  ],
];

describe('every check of a transaction', () => {
  let channel: Awaited<ReturnType<typeof ownChannel>>;
  beforeAll(async () => {
    channel = await ownChannel();
  });
  afterAll(() => channel[Symbol.asyncDispose]());

  it.each(cases)('%s: %s', async (_what, code, reason, make) => {
    // With a good one before and behind: one bad transaction leaves the others alone.
    const block = await channel.block(transaction([put('before')]), make(), transaction([put('behind')]));

    expect(codesOf(block)).toEqual(['VALID', code, 'VALID']);
    expect(block.transactions[1]?.reason ?? 'valid').toMatch(reason ?? /^valid$/);
  });

  it('finds an ID that is in the ledger already, whatever became of it there', async () => {
    const [good, bad] = [transaction([put('d')]), transaction([put('d')], { endorsers: [org1.node] })];
    await channel.block(good, bad);
    const again = await channel.block(good, bad, transaction([put('e')]));

    expect(codesOf(again)).toEqual(['DUPLICATE_TXID', 'DUPLICATE_TXID', 'VALID']);
  });

  it('lets the first valid one of several with one ID count', async () => {
    const nonce = Uint8Array.from({ length: 24 }, (_, index) => index);
    const refused = transaction([put('f')], { nonce, endorsers: [org1.node] });
    const first = transaction([put('f', 'first')], { nonce });
    const second = transaction([put('f', 'second')], { nonce });
    const block = await channel.block(refused, first, second);

    expect(codesOf(block)).toEqual(['ENDORSEMENT_POLICY_FAILURE', 'VALID', 'DUPLICATE_TXID']);
    expect(Buffer.from((await channel.ledger.state.get('basic', 'f'))?.value ?? []).toString()).toBe('first');
  });

  it('compares what was read, in block order', async () => {
    const stale = { namespace: 'basic', reads: [{ key: 'g', version: null }], writes: [{ key: 'g', value: '1' }] };
    const block = await channel.block(transaction([stale]), transaction([stale]));

    expect(codesOf(block)).toEqual(['VALID', 'MVCC_READ_CONFLICT']);
  });
});

describe.each([{ overlap: true }, { overlap: false }])(
  'what depends on the block before (overlap $overlap)',
  (options) => {
    it('a new definition counts from the next block on', async () => {
      await using channel = await ownChannel(options);
      const [{ pipeline, maker }, mine] = [channel, { chaincode: 'later', endorsers: [org1.node, org2.node] }];
      const blocks = [
        [transaction([put('a', 'v', 'later')], mine), define({ name: 'later', policy: BOTH })],
        [transaction([put('a', 'v', 'later')], mine)],
        [define({ name: 'later', sequence: 2, policy: EITHER })],
        [transaction([put('b', 'v', 'later')], { ...mine, endorsers: [org2.node] })],
      ].map((data) => ({ view: view(maker.next(data)) }));
      const codes: (readonly string[])[] = [];
      for await (const block of pipeline.run(blocks)) {
        codes.push(codesOf(block));
      }

      expect(codes).toEqual([['INVALID_CHAINCODE', 'VALID'], ['VALID'], ['VALID'], ['VALID']]);
    });

    it('a policy of a key counts from the next block on, and closes the key for the rest of its own', async () => {
      await using channel = await ownChannel(options, [{ name: 'basic', policy: EITHER }]);
      const { pipeline, maker } = channel;
      const one = { endorsers: [org1.node] };
      const setPolicy = {
        namespace: 'basic',
        policies: [{ key: 'k', policy: signaturePolicyBytes("AND('Org1MSP.peer','Org2MSP.peer')") }],
      };
      const blocks = [
        [
          transaction([put('k')], one),
          transaction([setPolicy], one),
          transaction([put('k')]),
          transaction([put('j')], one),
        ],
        [transaction([put('k', '2')], one), transaction([put('k', '3')]), transaction([put('j')], one)],
      ].map((data) => ({ view: view(maker.next(data)) }));
      const found: (readonly string[])[] = [];
      for await (const block of pipeline.run(blocks)) {
        found.push(codesOf(block));
      }

      expect(found).toEqual([
        ['VALID', 'VALID', 'ENDORSEMENT_POLICY_FAILURE', 'VALID'],
        ['ENDORSEMENT_POLICY_FAILURE', 'VALID', 'VALID'],
      ]);
    });

    it('a refused change of a key policy closes nothing', async () => {
      await using channel = await ownChannel(options, [{ name: 'basic', policy: BOTH }]);
      const setPolicy = {
        namespace: 'basic',
        policies: [{ key: 'k', policy: signaturePolicyBytes("OR('Org1MSP.peer')") }],
      };
      const block = await channel.block(transaction([setPolicy], { endorsers: [org1.node] }), transaction([put('k')]));

      expect(codesOf(block)).toEqual(['ENDORSEMENT_POLICY_FAILURE', 'VALID']);
    });

    it('the same ID in two blocks in a row is found', async () => {
      await using channel = await ownChannel(options);
      const twice = transaction([put('a')]);
      const blocks = [[twice], [twice]].map((data) => ({ view: view(channel.maker.next(data)) }));
      const codes: (readonly string[])[] = [];
      for await (const block of channel.pipeline.run(blocks)) {
        codes.push(codesOf(block));
      }

      expect(codes).toEqual([['VALID'], ['DUPLICATE_TXID']]);
    });
  },
);

const privately = (name: string) => ({ namespace: 'basic', collections: [{ name, keys: ['k'] }] });

describe('policies of collections', () => {
  const collections = [
    { name: 'open' },
    { name: 'second', policy: peer.ApplicationPolicy.deserializeBinary(policyOf("OR('Org2MSP.peer')")) },
  ];
  const by1 = { endorsers: [org1.node] };
  const by2 = { endorsers: [org2.node] };

  it.each([
    ['a collection without policy follows the chaincode', 'open', by1, 'ENDORSEMENT_POLICY_FAILURE'],
    ['and is met with it', 'open', {}, 'VALID'],
    ['a policy of its own stands instead of the chaincode', 'second', by2, 'VALID'],
    ['and is wanted', 'second', by1, 'ENDORSEMENT_POLICY_FAILURE'],
    ["an organisation's own collection", '_implicit_org_Org1MSP', by1, 'VALID'],
    ['is for that organisation to endorse', '_implicit_org_Org1MSP', by2, 'ENDORSEMENT_POLICY_FAILURE'],
    ['of an organisation that is not there', '_implicit_org_NobodyMSP', {}, 'ENDORSEMENT_POLICY_FAILURE'],
    ['a collection that is not defined', 'nowhere', {}, 'ENDORSEMENT_POLICY_FAILURE'],
  ])('%s (%s)', async (_what, name, who, code) => {
    await using channel = await ownChannel({}, [{ name: 'basic', policy: MAJORITY, collections }]);
    expect(codesOf(await channel.block(transaction([privately(name)], who)))).toEqual([code]);
  });
});

describe('what stops a channel', () => {
  it('a validation plugin that this node does not have', async () => {
    await using channel = await ownChannel({}, [{ name: 'basic', policy: MAJORITY, plugin: 'mine' }]);
    await expect(channel.block(transaction([put('a')]))).rejects.toMatchObject({ code: 'unknown_plugin' });
    expect(channel.ledger.height).toBe(2);
  });

  it('a key policy that cannot be read', async () => {
    await using channel = await ownChannel();
    await channel.block(
      transaction([
        {
          namespace: 'basic',
          policies: [{ key: 'k', policy: Uint8Array.of(255) }],
          writes: [{ key: 'k', value: '1' }],
        },
      ]),
    );
    await expect(channel.block(transaction([put('k')]))).rejects.toMatchObject({ code: 'state_unreadable' });
    expect(channel.ledger.height).toBe(3);
  });

  it('a configuration that the channel does not allow', async () => {
    await using channel = await ownChannel();
    const config = await channel.ledger.configEnvelope();
    const forged = signedTransaction({
      channelId: CHANNEL,
      creator: org1.client,
      endorsers: [],
      chaincode: 'basic',
      results: new Uint8Array(0),
      type: common.HeaderType.CONFIG,
    });
    await expect(channel.block(forged)).rejects.toMatchObject({ code: 'config_rejected' });
    expect(channel.ledger.height).toBe(2);
    expect(await channel.ledger.configEnvelope()).toEqual(config);
  });
});
