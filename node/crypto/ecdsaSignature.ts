import { CryptoError } from './cryptoError.ts';
import { DER, DerReader } from './der.ts';
import { derEncode } from '#node/protos/derEncode.ts';

export type CurveName = 'P-224' | 'P-256' | 'P-384' | 'P-521';

interface Curve {
  /** Octets of a coordinate. */
  readonly size: number;
  /** Big-endian, as long as a coordinate. */
  readonly order: Uint8Array;
  /** The largest S that Fabric takes, big-endian, no zeros before. */
  readonly half: Uint8Array;
}

function curve(size: number, hex: string): Curve {
  const order = BigInt(`0x${hex}`);
  return { size, order: fixed(order, size), half: stripZeros(fixed(order >> 1n, size)) };
}

const CURVES: Readonly<Record<CurveName, Curve>> = {
  'P-224': curve(28, 'ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d'),
  'P-256': curve(32, 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
  'P-384': curve(
    48,
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ),
  'P-521': curve(
    66,
    '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  ),
};

/** R and S without sign octet; both greater than zero. */
export interface EcdsaSignature {
  readonly r: Uint8Array;
  readonly s: Uint8Array;
  /** Whether the input was the one DER encoding of R and S. */
  readonly canonical: boolean;
}

/**
 * Reads a signature as Go does: DER, but what follows S, or the whole, is passed over. Null for anything else, and where R or S
 * is not greater than zero.
 */
export function readEcdsaSignature(bytes: Uint8Array): EcdsaSignature | null {
  try {
    const outer = new DerReader(bytes);
    const inner = outer.sequence();
    const r = positive(inner.integer());
    const s = positive(inner.integer());
    return r === null || s === null ? null : { r, s, canonical: outer.done && inner.done };
  } catch (error) {
    if (error instanceof CryptoError) {
      return null;
    }
    throw error;
  }
}

/** The octets of a positive integer without the one that carries its sign. */
function positive(content: Uint8Array): Uint8Array | null {
  const first = content[0] as number;
  if (first >= 0x80 || (first === 0 && content.length === 1)) {
    return null;
  }
  return first === 0 ? content.subarray(1) : content;
}

/** Whether S is at most half the curve's order, as Fabric asks of every signature. */
export function isLowS(curveName: CurveName, { s }: EcdsaSignature): boolean {
  const { half } = CURVES[curveName];
  return s.length < half.length || (s.length === half.length && Buffer.compare(s, half) <= 0);
}

export function encodeEcdsaSignature({ r, s }: Pick<EcdsaSignature, 'r' | 's'>): Uint8Array {
  const [rLength, sLength] = [unsignedLength(r), unsignedLength(s)];
  const length = 4 + rLength + sLength;
  if (length >= 0x80) {
    return derEncode(DER.sequence, derUnsigned(r), derUnsigned(s));
  }
  const bytes = new Uint8Array(2 + length);
  bytes[0] = DER.sequence;
  bytes[1] = length;
  let at = 2;
  for (const [octets, size] of [
    [r, rLength],
    [s, sLength],
  ] as const) {
    bytes[at] = DER.integer;
    bytes[at + 1] = size;
    at += 2 + size;
    bytes.set(octets, at - octets.length);
  }
  return bytes;
}

/** Of a positive integer in DER, the octet of its sign included. */
function unsignedLength(octets: Uint8Array): number {
  return octets.length + ((octets[0] as number) >= 0x80 ? 1 : 0);
}

/** The signature's DER with S or, where that is in the upper half, the order less S. Null for what is no signature, or beyond the order. */
export function toLowS(curveName: CurveName, bytes: Uint8Array): Uint8Array | null {
  const signature = readEcdsaSignature(bytes);
  if (signature === null) {
    return null;
  }
  if (isLowS(curveName, signature)) {
    return signature.canonical ? bytes : encodeEcdsaSignature(signature);
  }
  const s = lessThanOrder(CURVES[curveName], signature.s);
  return s === null ? null : encodeEcdsaSignature({ r: signature.r, s });
}

/** The order less this number; null where that is not greater than zero. By the octet: every other signature that a node makes needs it. */
function lessThanOrder({ order, size }: Curve, number: Uint8Array): Uint8Array | null {
  if (number.length > size) {
    return null;
  }
  const rest = new Uint8Array(size);
  const offset = size - number.length;
  let borrow = 0;
  for (let at = size - 1; at >= 0; at--) {
    const digit = (order[at] as number) - (at < offset ? 0 : (number[at - offset] as number)) - borrow;
    borrow = digit < 0 ? 1 : 0;
    rest[at] = digit;
  }
  const significant = stripZeros(rest);
  return borrow === 1 || significant.length === 0 ? null : significant;
}

function derUnsigned(octets: Uint8Array): Uint8Array {
  return (octets[0] as number) >= 0x80
    ? derEncode(DER.integer, Uint8Array.of(0), octets)
    : derEncode(DER.integer, octets);
}

function stripZeros(octets: Uint8Array): Uint8Array {
  const first = octets.findIndex((octet) => octet !== 0);
  return octets.subarray(first < 0 ? octets.length : first);
}

function fixed(value: bigint, size: number): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex'));
}
