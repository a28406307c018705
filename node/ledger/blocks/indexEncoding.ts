import { varintSize, writeVarint } from '#node/protos/blockEncoder.ts';
import { BlockStoreError } from './blockStoreError.ts';

/** Numbers in a row as varints. */
export function encodeNumbers(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.reduce((sum, value) => sum + varintSize(value), 0));
  let at = 0;
  for (const value of numbers) {
    at = writeVarint(bytes, at, value);
  }
  return bytes;
}

/** @throws BlockStoreError `corrupt` where a number is cut off */
export function decodeNumbers(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte < 0x80) {
      numbers.push(value);
      value = 0;
      scale = 1;
    }
  }
  if (scale !== 1 || !numbers.every(Number.isSafeInteger)) {
    throw new BlockStoreError('corrupt', 'an entry of the index ends within a number');
  }
  return numbers;
}

/** A number such that keys sort by it: how many bytes it takes, and these, the highest first (Fabric, EncodeOrderPreservingVarUint64). */
export function orderedNumber(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) {
    bytes.unshift(rest % 256);
  }
  return Uint8Array.of(bytes.length, ...bytes);
}

/** One key of several parts. */
export function keyOf(prefix: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const key = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 1));
  key[0] = prefix.charCodeAt(0);
  let at = 1;
  for (const part of parts) {
    key.set(part, at);
    at += part.length;
  }
  return key;
}
