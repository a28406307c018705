import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockView } from './blockView.ts';
import { ConfigView } from './configView.ts';
import { definitionsOf } from './lifecycleView.ts';
import { ProtoError } from './protoError.ts';
import { IdentityView } from './serializedIdentity.ts';
import { vendoredBlocks } from './testBlocks.ts';

/** Asks a block for everything it can tell; returns the errors met. Anything but a ProtoError fails the test. */
function askEverything(bytes: Uint8Array): ProtoError[] {
  const errors: ProtoError[] = [];
  const ask = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ProtoError)) {
        throw error;
      }
      errors.push(error);
      return undefined;
    }
  };
  const block = ask(() => BlockView.fromBytes(bytes));
  if (block === undefined) {
    return errors;
  }
  ask(() => [block.hash, block.computedDataHash, block.channel, block.validationCodeName(0)]);
  ask(() => block.commitHash);
  ask(() => block.signers.map(({ fingerprint, organizationalUnits }) => [fingerprint, organizationalUnits]));
  ask(() => block.lastConfig);
  ask(() => block.consenterIds);
  for (const envelope of block.envelopes) {
    ask(() => envelope.channelHeader);
    ask(() => [envelope.creator?.commonName, envelope.computedTxId]);
    ask(() => envelope.headerChaincode);
    const action = ask(() => envelope.transaction.action);
    if (action !== undefined) {
      ask(() => [action.functionName, action.invocation]);
      ask(() => [action.proposalHash, action.chaincode, action.response, action.eventBytes]);
      ask(() => action.endorsers.map(({ pkiId, pem }) => [pkiId, pem]));
      for (const namespace of ask(() => action.readWriteSet.namespaces) ?? []) {
        ask(() => [namespace.reads, namespace.writes, namespace.rangeQueries, namespace.metadataWrites]);
        ask(() => namespace.collections);
      }
      ask(() => definitionsOf(action));
    }
    const config = ask(() => envelope.config);
    if (config !== undefined) {
      askConfig(config, ask);
    }
    ask(() => envelope.configUpdate?.creator);
  }
  return errors;
}

function askConfig(config: ConfigView, ask: (read: () => unknown) => unknown): void {
  ask(() => config.organizations);
  ask(() => config.consenters);
  ask(() => [config.batch, config.capabilities, config.ordererAddresses, config.maintenance]);
  ask(() => config.policy('/Channel/Application/Endorsement'));
}

const blocks = vendoredBlocks('v3.1.5').blocks.filter(({ number }) => [0, 3, 37, 48, 67].includes(number));
const anyBlock = fc.constantFrom(...blocks.map(({ bytes }) => bytes));

/** Codes met so far: what shows that the damage was seen. */
const met = new Set<string>();
function meet(bytes: Uint8Array): void {
  for (const { code } of askEverything(bytes)) {
    met.add(code);
  }
}

describe('hostile bytes', () => {
  it('finds nothing wrong with real blocks, except that each is of one kind only', () => {
    for (const { bytes } of blocks) {
      expect(askEverything(bytes).filter(({ code }) => code !== 'wrong_type')).toEqual([]);
    }
  });

  it('answers or throws ProtoError when bits are flipped', () => {
    fc.assert(
      fc.property(anyBlock, fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 8 }), (bytes, flips) => {
        const damaged = Uint8Array.from(bytes);
        for (const [at, bit] of flips) {
          damaged[at % damaged.length] = (damaged[at % damaged.length] as number) ^ (1 << bit);
        }
        meet(damaged);
      }),
      { numRuns: 1500 },
    );
    expect([...met]).toEqual(expect.arrayContaining(['truncated', 'malformed', 'invalid_utf8']));
  });

  it('answers or throws ProtoError when bytes are cut off, cut out, or put in', () => {
    fc.assert(
      fc.property(anyBlock, fc.nat(), fc.nat(64), fc.uint8Array({ maxLength: 24 }), (bytes, at, drop, put) => {
        const start = at % bytes.length;
        meet(bytes.subarray(0, start));
        meet(Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + drop)]));
      }),
      { numRuns: 700 },
    );
    expect([...met]).toEqual(expect.arrayContaining(['truncated', 'missing']));
  });

  it('answers or throws ProtoError when a length says gigabytes', () => {
    const [block] = blocks;
    const bytes = block?.bytes as Uint8Array;
    for (let at = 0; at < bytes.length; at += 7) {
      meet(Buffer.concat([bytes.subarray(0, at), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), bytes.subarray(at)]));
    }
    expect(met).toContain('truncated');
  });

  it('stops at configurations nested without end', () => {
    // Groups in groups, by hand: generated maps would not.
    let group = new Uint8Array(0);
    for (let level = 0; level < 50; level++) {
      const entry = Buffer.concat([Uint8Array.of(0x0a, 1, 0x61, 0x12), varint(group.length), group]);
      group = Uint8Array.from(Buffer.concat([Uint8Array.of(0x12), varint(entry.length), entry]));
    }
    const config = Buffer.concat([Uint8Array.of(0x12), varint(group.length), group]);
    const envelope = Buffer.concat([Uint8Array.of(0x0a), varint(config.length), config]);
    expect(() => ConfigView.fromBytes(envelope)).toThrow(expect.objectContaining({ code: 'too_deep' }));
  });

  it('takes an identity that is no certificate for what it is', () => {
    const identity = IdentityView.of(
      'Org1MSP',
      Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    );
    expect([identity.certificate, identity.commonName, identity.fingerprint, identity.pem]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(identity.pkiId).toMatch(/^[0-9a-f]{64}$/);
  });
});

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) {
    bytes.push((rest & 0x7f) | 0x80);
  }
  return Uint8Array.from([...bytes, rest]);
}
