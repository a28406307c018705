import { CryptoError } from './cryptoError.ts';
import { DER, DerReader } from './der.ts';
import { derEncode } from '#node/protos/derEncode.ts';

export type CurveName = 'P-224' | 'P-256' | 'P-384' | 'P-521';

interface Curve {
  /** Octets of a coordinate. */
  readonly size: number;
  readonly order: bigint;
  /** The largest S that Fabric takes, big-endian, no zeros before. */
  readonly half: Uint8Array;
}

function curve(size: number, hex: string): Curve {
  const order = BigInt(`0x${hex}`);
  return { size, order, half: stripZeros(fixed(order >> 1n, size)) };
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
  return derEncode(DER.sequence, derUnsigned(r), derUnsigned(s));
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
  const { order, size } = CURVES[curveName];
  const s = order - BigInt(`0x${Buffer.from(signature.s).toString('hex')}`);
  return s <= 0n ? null : encodeEcdsaSignature({ r: signature.r, s: stripZeros(fixed(s, size)) });
}

function derUnsigned(octets: Uint8Array): Uint8Array {
  return (octets[0] as number) >= 0x80
    ? derEncode(DER.integer, Uint8Array.of(0), octets)
    : derEncode(DER.integer, octets);
}

function stripZeros(octets: Uint8Array): Uint8Array {
  return octets.subarray(octets.findIndex((octet) => octet !== 0));
}

function fixed(value: bigint, size: number): Uint8Array {
  return Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex');
}
