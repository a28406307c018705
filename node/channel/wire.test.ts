import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtoError } from '#node/protos/protoError.ts';
import { thrownBy } from './testChannel.ts';
import { FieldSet, MessageWriter, rawFields, varintBytes, WIRE } from './wire.ts';

const bytes = (...list: readonly number[]): Uint8Array => Uint8Array.from(list);

describe('the wire format', () => {
  it('reads back numbers of up to 64 bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (value) => {
        const [field] = rawFields(Buffer.concat([bytes(0x08), varintBytes(value)]), 'test');
        expect(field?.value).toBe(value);
      }),
    );
  });

  it('refuses numbers beyond 64 bits, lengths beyond the end, and tags that are none', () => {
    const refused = [
      bytes(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02),
      bytes(0x08, 0xff),
      bytes(0x0a, 0x05, 1),
      bytes(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
      bytes(0x00),
      bytes(0x0c),
      bytes(0x0f),
      bytes(0x0b, 0x08, 1),
      bytes(0x0b, 0x14),
      bytes(0x09, 1, 2, 3),
    ];
    for (const one of refused) {
      expect(() => rawFields(one, 'test')).toThrow(ProtoError);
    }
  });

  it('keeps what it does not know, groups and other wire types included', () => {
    const group = bytes(0x1b, 0x08, 1, 0x23, 0x0a, 1, 7, 0x24, 0x1c);
    const number = bytes(0x10, 5);
    const set = new FieldSet(Buffer.concat([group, bytes(0x08, 3), number]), 'test', { 1: WIRE.varint, 2: WIRE.bytes });
    expect(set.uint(1)).toBe(3);
    expect(set.bytes(2)).toHaveLength(0);
    expect(set.unknown).toEqual(new Uint8Array(Buffer.concat([group, number])));
  });

  it('merges a message that comes twice', () => {
    const set = new FieldSet(bytes(0x0a, 2, 0x08, 1, 0x0a, 2, 0x10, 2), 'test', { 1: WIRE.bytes });
    expect(set.message(1)).toEqual(bytes(0x08, 1, 0x10, 2));
  });

  it('writes maps in the order of the bytes of their keys, defaults left out', () => {
    const entries = new Map([
      ['\u{10000}', 1],
      ['\uffff', 2],
      ['', 3],
    ]);
    const written = new MessageWriter()
      .uint(1, 0)
      .text(2, '')
      .map(3, entries, (value) => bytes(value))
      .finish();
    const keys = rawFields(written, 'test').map(({ bytes: entry }) =>
      new FieldSet(entry, 'entry', { 1: WIRE.bytes }).text(1),
    );
    expect(keys).toEqual(['', '\uffff', '\u{10000}']);
  });

  it('refuses numbers that it cannot hold exactly', () => {
    const set = new FieldSet(Buffer.concat([bytes(0x08), varintBytes(1n << 53n)]), 'test', { 1: WIRE.varint });
    expect(() => set.uint(1)).toThrow(ProtoError);
  });

  it('never throws anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (some) => {
        expect(thrownBy(() => rawFields(some, 'test'))).toSatisfy(
          (error) => error === null || error instanceof ProtoError,
        );
      }),
      { numRuns: 2000 },
    );
  });
});
