import { createHash } from 'node:crypto';
import { derEncode } from './derEncode.ts';

function derInteger(value: bigint): Uint8Array {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) {
    hex = `0${hex}`;
  }
  // A leading bit of 1 would make it negative.
  if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) {
    hex = `00${hex}`;
  }
  return derEncode(0x02, Buffer.from(hex, 'hex'));
}

/** A block header as it is hashed and signed: DER of SEQUENCE { INTEGER number, OCTET STRING previous hash, OCTET STRING data hash } (Fabric, protoutil `BlockHeaderBytes`). */
export function blockHeaderBytes(number: number | bigint, previousHash: Uint8Array, dataHash: Uint8Array): Uint8Array {
  return derEncode(0x30, derInteger(BigInt(number)), derEncode(0x04, previousHash), derEncode(0x04, dataHash));
}

/** SHA-256 of {@link blockHeaderBytes}: what the next block calls its previous hash. */
export function blockHeaderHash(number: number | bigint, previousHash: Uint8Array, dataHash: Uint8Array): Uint8Array {
  return createHash('sha256')
    .update(blockHeaderBytes(number, previousHash, dataHash))
    .digest();
}
