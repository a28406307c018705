import { common, ledger } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { readWriteSet } from '../harness/signedBlocks.ts';
import { codesOf, org1, ownChannel, put, transaction } from './commitNetwork.ts';

function delimited(field: number, content: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = content.length;
  while (rest >= 0x80) {
    length.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return Buffer.concat([Uint8Array.of((field << 3) | 2, ...length, rest), content]);
}

/** A good transaction whose payload is written anew, and signed as it is then. */
function rewritten(write: (payload: common.Payload) => Uint8Array): Uint8Array {
  const envelope = common.Envelope.deserializeBinary(transaction([put('a')]));
  const payload = write(common.Payload.deserializeBinary(envelope.getPayload_asU8()));
  envelope.setPayload(payload);
  envelope.setSignature(org1.client.signSync(payload));
  return envelope.serializeBinary();
}

const channelHeader = (payload: common.Payload): Uint8Array =>
  payload.getHeader()?.getChannelHeader_asU8() as Uint8Array;
const signatureHeader = (payload: common.Payload): Uint8Array =>
  payload.getHeader()?.getSignatureHeader_asU8() as Uint8Array;

/** A policy that asks, `levels` deep, for Org1's peer. */
function nestedPolicy(levels: number): Uint8Array {
  let rule: Uint8Array = Uint8Array.of(8, 0);
  for (let level = 0; level < levels; level++) {
    rule = delimited(2, Buffer.concat([Uint8Array.of(8, 1), delimited(2, rule)]));
  }
  const principal = Buffer.concat([delimited(2, delimited(1, Buffer.from('Org1MSP')))]);
  return delimited(1, Buffer.concat([delimited(2, rule), delimited(3, principal)]));
}

/** What a Go peer takes as well, though no marshaller writes it: whoever refuses it parts from the others. */
describe('transactions in other forms than marshallers write', () => {
  it.each<readonly [what: string, code: string, make: () => Uint8Array]>([
    [
      'a header in two parts',
      'VALID',
      () =>
        rewritten((payload) =>
          Buffer.concat([
            delimited(1, delimited(2, signatureHeader(payload))),
            delimited(2, payload.getData_asU8()),
            delimited(1, delimited(1, channelHeader(payload))),
          ]),
        ),
    ],
    [
      'data twice, of which the last count',
      'VALID',
      () =>
        rewritten((payload) =>
          Buffer.concat([
            delimited(2, Uint8Array.of(1, 2, 3)),
            delimited(1, payload.getHeader()?.serializeBinary() as Uint8Array),
            delimited(2, payload.getData_asU8()),
          ]),
        ),
    ],
    [
      'a number where a header should be, beside the header',
      'VALID',
      () =>
        rewritten((payload) =>
          Buffer.concat([
            Uint8Array.of(8, 7),
            delimited(1, payload.getHeader()?.serializeBinary() as Uint8Array),
            delimited(2, payload.getData_asU8()),
          ]),
        ),
    ],
    [
      'a group that nobody knows',
      'VALID',
      () =>
        rewritten((payload) =>
          Buffer.concat([
            Uint8Array.of(0x4b, 8, 1, 0x4c),
            delimited(1, payload.getHeader()?.serializeBinary() as Uint8Array),
            delimited(2, payload.getData_asU8()),
          ]),
        ),
    ],
    [
      'a part of a header that is not whole',
      'BAD_PAYLOAD',
      () =>
        rewritten((payload) =>
          Buffer.concat([
            delimited(1, Uint8Array.of(0x0a)),
            delimited(1, payload.getHeader()?.serializeBinary() as Uint8Array),
            delimited(2, payload.getData_asU8()),
          ]),
        ),
    ],
    [
      'a namespace whose name is no text before it is some',
      'BAD_RWSET',
      () =>
        transaction([], {
          results: delimited(2, Buffer.concat([delimited(1, Uint8Array.of(255)), delimited(1, Buffer.from('basic'))])),
        }),
    ],
  ])('%s: %s', async (_what, code, make) => {
    await using channel = await ownChannel();
    const block = await channel.block(transaction([put('before')]), make(), transaction([put('behind')]));
    expect(codesOf(block)).toEqual(['VALID', code, 'VALID']);
  });

  it('write what came last', async () => {
    const set = ledger.rwset.TxReadWriteSet.deserializeBinary(readWriteSet([put('a')]));
    const [namespace] = set.getNsRwsetList();
    const write = Buffer.concat([
      delimited(1, Buffer.from('no')),
      delimited(3, Buffer.from('1')),
      Uint8Array.of(0x1d, 1, 2, 3, 4),
      delimited(1, Buffer.from('yes')),
      delimited(3, Buffer.from('2')),
    ]);
    namespace?.setRwset(delimited(3, write));
    await using channel = await ownChannel();
    expect(codesOf(await channel.block(transaction([], { results: set.serializeBinary() })))).toEqual(['VALID']);
    const { state } = channel.ledger;
    expect(await state.get('basic', 'no')).toBeNull();
    expect(Buffer.from((await state.get('basic', 'yes'))?.value ?? []).toString()).toBe('2');
  });

  it('are decided about by policies of 500 levels', async () => {
    await using channel = await ownChannel({}, [{ name: 'basic', policy: nestedPolicy(500) }]);
    const block = await channel.block(
      transaction([put('a')], { endorsers: [org1.node] }),
      transaction([put('b')], { endorsers: [] }),
    );
    expect(codesOf(block)).toEqual(['VALID', 'ENDORSEMENT_POLICY_FAILURE']);
  });

  it('stop the channel where Go might read what this node does not', async () => {
    await using channel = await ownChannel({}, [{ name: 'basic', policy: nestedPolicy(3_000) }]);
    await expect(channel.block(transaction([put('a')]))).rejects.toMatchObject({ code: 'beyond_limits' });
    expect(channel.ledger.height).toBe(2);
  });
});
