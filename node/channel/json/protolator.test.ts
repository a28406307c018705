import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VERSIONS, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { ChannelBundle } from '../bundle.ts';
import { ChannelError } from '../channelError.ts';
import { encodeConfig } from '../configGroup.ts';
import { copy, recordedBlock, recordedEnvelope, thrownBy, type Tree } from '../testChannel.ts';
import { MessageWriter } from '../wire.ts';
import { type Json, printJson } from './jsonText.ts';
import { messageNames, messageSchema } from './messageSchema.ts';
import { decodeToJson, encodeFromJson } from './protolator.ts';

/** SHA-256 of what `configtxlator proto_decode --type common.Block` of v3.1.5 prints of vendored blocks. */
const PRINTED = [
  ['v3.1.5', 0, '9b1de9bea9027a7b1d7a15e4a4f19b171bb4348de940331a0e3003c21fa8b53a'],
  ['v3.1.5', 3, '71fbd75d351511cdb91d896415c5b86cba352cd1e58e5abac29579dac88da6cc'],
  ['v3.1.5', 37, 'cbe05a2e528b7d634706d4c3ab1e76d28b7bc633f6c72f63bba78514f7279dc1'],
  ['v3.1.5', 44, '477879df442624a4be1d4b222f4fd2ac61e0d98c049607ecc7f70ab1112784e4'],
  ['v3.1.5', 67, 'c8b6094ee55a8a67c6c09989398e13c011f129beedc6f69ee8f5804c010551c5'],
  ['v2.5.9', 0, '46b7f22b37147b4d5d7ca300e4a9f65304c3be192c30480576509e469bf8e859'],
  ['v2.5.9', 3, 'c89e91757e2f9eaeee34d1cfd7f92690eeb0171c9da386e3b69dd9f72a3768a1'],
  ['v2.5.9', 10, 'e1a9297c251e953296dfb4b8dec0485e04d1db0db64291e5bf25277c313c9d34'],
] as const;

describe('blocks as JSON', () => {
  it.each(PRINTED)('prints block %2$i of %1$s as configtxlator does, to the byte', (version, number, digest) => {
    const text = printJson(decodeToJson('common.Block', recordedBlock(version, number).bytes));
    expect(createHash('sha256').update(text).digest('hex')).toBe(digest);
  });

  it.each(VERSIONS)('encodes every block of %s as it was', (version) => {
    for (const { bytes, number, transactions } of vendoredBlocks(version).blocks) {
      const text = printJson(decodeToJson('common.Block', bytes));
      const encoded = encodeFromJson('common.Block', text);
      expect(encoded.length).toBe(bytes.length);
      expect(printJson(decodeToJson('common.Block', encoded))).toBe(text);
      // Go writes maps in any order, and only configurations hold maps with more than one entry.
      const isConfig = transactions.some(({ type }) => type === 'CONFIG');
      expect(isConfig || Buffer.compare(encoded, bytes) === 0, `block ${number}`).toBe(true);
    }
  });

  it('goes there and back for configurations, their updates and envelopes', () => {
    const { config } = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0));
    const [envelope] = recordedBlock('v3.1.5', 67).envelopes;
    const tree: Tree = decodeToJson('common.ConfigEnvelope', recordedEnvelope('v3.1.5', 67));
    const update = encodeFromJson('common.ConfigUpdate', tree.last_update.payload.data.config_update);
    const samples = [
      ['common.Config', encodeConfig(config)],
      ['common.ConfigEnvelope', recordedEnvelope('v3.1.5', 67)],
      ['common.ConfigUpdate', update],
      ['common.Envelope', envelope?.bytes ?? update],
    ] as const;
    for (const [type, bytes] of samples) {
      const json = decodeToJson(type, bytes);
      const encoded = encodeFromJson(type, json);
      expect(encoded.length).toBe(bytes.length);
      expect(decodeToJson(type, encoded)).toEqual(json);
      expect(encodeFromJson(type, decodeToJson(type, encoded))).toEqual(encoded);
    }
  });

  it('shows configuration values, policies and MSPs as what they are', () => {
    const { config } = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0));
    const root: Tree = decodeToJson('common.Config', encodeConfig(config))['channel_group'];
    expect(root.groups.Orderer.values.BatchTimeout).toEqual({
      mod_policy: 'Admins',
      value: { timeout: '500ms' },
      version: '0',
    });
    expect(root.groups.Orderer.values.ConsensusType.value.state).toBe('STATE_NORMAL');
    expect(root.groups.Orderer.values.ConsensusType.value.metadata.options.tick_interval).toBe('500ms');
    expect(root.policies.Admins.policy).toEqual({ type: 3, value: { rule: 'MAJORITY', sub_policy: 'Admins' } });
    expect(root.groups.Application.groups.Org1MSP.policies.Endorsement.policy.value.identities).toEqual([
      { principal: { msp_identifier: 'Org1MSP', role: 'PEER' }, principal_classification: 'ROLE' },
    ]);
    expect(root.groups.Application.groups.Org1MSP.values.MSP.value.config.name).toBe('Org1MSP');
  });
});

describe('single messages', () => {
  it('tells bytes that are not there from empty ones', () => {
    expect(decodeToJson('common.Envelope', new Uint8Array(0))).toEqual({ payload: null, signature: '' });
    expect(decodeToJson('common.Envelope', Uint8Array.of(0x0a, 0))).toEqual({
      payload: { header: null, data: null },
      signature: '',
    });
  });

  it('writes numbers, times and characters as Go does', () => {
    const header = {
      channel_id: '<a&b>\u2028"é"',
      epoch: '18446744073709551615',
      timestamp: '2026-01-31T12:00:00.000001Z',
      type: -5,
    };
    const bytes = encodeFromJson('common.ChannelHeader', header);
    const json = decodeToJson('common.ChannelHeader', bytes);
    expect(json).toMatchObject(header);
    expect(printJson(json)).toContain('"channel_id": "\\u003ca\\u0026b\\u003e\\u2028\\"é\\""');
    for (const [text, again] of [
      ['2026-01-31T12:00:00.5+01:00', '2026-01-31T11:00:00.500Z'],
      ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00Z'],
      ['0001-01-01T00:00:00.000000001Z', '0001-01-01T00:00:00.000000001Z'],
    ]) {
      const encoded = encodeFromJson('common.ChannelHeader', { timestamp: text as string });
      expect(decodeToJson('common.ChannelHeader', encoded)['timestamp']).toBe(again);
    }
  });

  it('keeps members of unions that are 0, and names of maps that are not what they seem', () => {
    const policy = { rule: { n_out_of: { n: 1, rules: [{ signed_by: 0 }] } }, version: 0, identities: [] };
    expect(
      decodeToJson('common.SignaturePolicyEnvelope', encodeFromJson('common.SignaturePolicyEnvelope', policy)),
    ).toEqual(policy);
    const text = '{"acls": {"__proto__": {"policy_ref": "x"}, "10": {"policy_ref": "y"}, "9": {"policy_ref": "z"}}}';
    const again = printJson(decodeToJson('protos.ACLs', encodeFromJson('protos.ACLs', text)));
    expect(again.indexOf('"10"')).toBeLessThan(again.indexOf('"9"'));
    expect(again).toContain('"__proto__"');
  });

  it.each<[string, Json]>([
    ['common.Block', { header: { numbr: 1 } }],
    ['common.BlockHeader', { number: '-1' }],
    ['common.BlockHeader', { number: 1.5 }],
    ['common.BlockHeader', { data_hash: 'a*' }],
    ['common.BlockHeader', { data_hash: 'a' }],
    ['common.BlockData', { data: {} }],
    ['common.Envelope', { payload: 'AAAA' }],
    ['common.ChannelHeader', { timestamp: 'yesterday' }],
    ['common.ImplicitMetaPolicy', { rule: 'SOME' }],
    ['common.SignaturePolicy', { signed_by: 0, n_out_of: { n: 1 } }],
    ['common.Config', { channel_group: { groups: { Unknown: {} } } }],
    ['common.Config', { channel_group: { values: { Unknown: { value: {} } } } }],
    ['common.Payload', { data: {} }],
    ['common.Nothing', {}],
    ['common.Envelope', []],
  ])('refuses %s from %j', (type, json) => {
    expect(() => encodeFromJson(type, json as never)).toThrow(ChannelError);
  });

  it('refuses text that is no JSON', () => {
    expect(() => encodeFromJson('common.Block', '{')).toThrow(expect.objectContaining({ code: 'bad_json' }));
  });

  it('knows the type of every field', () => {
    for (const name of messageNames()) {
      for (const field of messageSchema(name)?.fields ?? []) {
        const kinds = [field.scalar, field.message, field.values].filter((kind) => kind !== null);
        expect(kinds, `${name}.${field.name}`).toHaveLength(1);
        expect(Number.isSafeInteger(field.number)).toBe(true);
      }
    }
  });
});

describe('hostile bytes', () => {
  it('end in a typed error or in JSON that can be encoded', () => {
    const samples = [recordedBlock('v3.1.5', 67).bytes, recordedBlock('v3.1.5', 44).bytes];
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (sample, changes) => {
          const bytes = Uint8Array.from(sample);
          for (const [at, to] of changes) {
            bytes[at % bytes.length] = to;
          }
          const error = thrownBy(() => encodeFromJson('common.Block', copy(decodeToJson('common.Block', bytes))));
          expect(error).toSatisfy((one) => one === null || one instanceof ChannelError);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are refused where they nest too deep', () => {
    let policy: Uint8Array = Uint8Array.of(0x08, 0);
    for (let level = 0; level < 200; level++) {
      const outOf = new MessageWriter().message(2, policy).finish();
      policy = new MessageWriter().message(2, outOf).finish();
    }
    expect(() => decodeToJson('common.SignaturePolicy', policy)).toThrow(ChannelError);
  });
});
