import { CryptoError } from './cryptoError.ts';

export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One element; `raw` and `content` are views into the input. */
export interface DerElement {
  /** Identifier octet; tag numbers above 30 are refused. */
  readonly tag: number;
  readonly content: Uint8Array;
  readonly raw: Uint8Array;
}

/** Reads distinguished encodings only: definite, shortest lengths, as Go's `encoding/asn1` does. Every method throws CryptoError `malformed_der`. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #pos = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#pos === this.#bytes.length;
  }

  /** The identifier of the next element; null at the end. */
  get peek(): number | null {
    return this.#bytes[this.#pos] ?? null;
  }

  next(): DerElement {
    const bytes = this.#bytes;
    const start = this.#pos;
    const tag = bytes[start];
    const first = bytes[start + 1];
    if (tag === undefined || first === undefined) {
      throw malformed('ends too early');
    }
    if ((tag & 0x1f) === 0x1f) {
      throw malformed('a tag of several octets');
    }
    let at = start + 2;
    let length = first;
    if (first >= 0x80) {
      const octets = first & 0x7f;
      if (octets === 0 || octets > 4) {
        throw malformed('a length that is indefinite or too large');
      }
      length = 0;
      for (let i = 0; i < octets; i++) {
        const octet = bytes[at++];
        if (octet === undefined) {
          throw malformed('ends too early');
        }
        length = length * 256 + octet;
        if (length === 0) {
          throw malformed('a length with leading zeros');
        }
      }
      if (length < 0x80) {
        throw malformed('a length that is not the shortest');
      }
    }
    const end = at + length;
    if (end > bytes.length) {
      throw malformed('ends too early');
    }
    this.#pos = end;
    return { tag, content: bytes.subarray(at, end), raw: bytes.subarray(start, end) };
  }

  expect(tag: number): DerElement {
    const element = this.next();
    if (element.tag !== tag) {
      throw malformed(`tag ${element.tag} where ${tag} must be`);
    }
    return element;
  }

  /** The next element if it has this tag. */
  optional(tag: number): DerElement | null {
    return this.peek === tag ? this.next() : null;
  }

  sequence(): DerReader {
    return new DerReader(this.expect(DER.sequence).content);
  }

  /** Content octets, checked to be the shortest. */
  integer(): Uint8Array {
    const { content } = this.expect(DER.integer);
    const [first, second] = content;
    if (first === undefined) {
      throw malformed('an empty integer');
    }
    if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
      throw malformed('an integer that is not the shortest');
    }
    return content;
  }

  smallInteger(): number {
    const content = this.integer();
    if (content.length > 4) {
      throw malformed('an integer that is too large');
    }
    return content.reduce((value, octet, index) => (index === 0 ? (octet << 24) >> 24 : value * 256 + octet), 0);
  }

  boolean(): boolean {
    const { content } = this.expect(DER.boolean);
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
      throw malformed('a boolean that is neither');
    }
    return content[0] !== 0;
  }

  /** Dotted. */
  oid(): string {
    return oidText(this.expect(DER.objectIdentifier).content);
  }

  /** Bits must come in whole octets. */
  octetBits(): Uint8Array {
    const { unused, bits } = bitString(this.expect(DER.bitString).content);
    if (unused !== 0) {
      throw malformed('a bit string that is not whole octets');
    }
    return bits;
  }
}

/** Contents of a BIT STRING. */
export function bitString(content: Uint8Array): { readonly unused: number; readonly bits: Uint8Array } {
  const unused = content[0];
  const last = content.at(-1) as number;
  if (
    unused === undefined ||
    unused > 7 ||
    (content.length === 1 && unused !== 0) ||
    (content.length > 1 && (last & ((1 << unused) - 1)) !== 0)
  ) {
    throw malformed('a bad bit string');
  }
  return { unused, bits: content.subarray(1) };
}

function oidText(content: Uint8Array): string {
  const parts: number[] = [];
  let value = 0;
  let started = false;
  for (const octet of content) {
    if ((!started && octet === 0x80) || value > 0xff_ffff) {
      throw malformed('a bad object identifier');
    }
    started = true;
    value = value * 128 + (octet & 0x7f);
    if (octet < 0x80) {
      if (parts.length === 0) {
        const head = Math.min(2, Math.floor(value / 40));
        parts.push(head, value - head * 40);
      } else {
        parts.push(value);
      }
      value = 0;
      started = false;
    }
  }
  if (started || parts.length === 0) {
    throw malformed('a bad object identifier');
  }
  return parts.join('.');
}

/** UTCTime or GeneralizedTime as X.509 writes them: Z only, seconds given, no fractions. */
export function derTime({ tag, content }: DerElement): Date {
  const text = Buffer.from(content).toString('latin1');
  let iso: string | null = null;
  if (tag === DER.utcTime) {
    const match = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?Z$/.exec(text);
    if (match !== null) {
      const year = Number(match[1]) >= 50 ? `19${match[1]}` : `20${match[1]}`;
      iso = `${year}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6] ?? '00'}Z`;
    }
  } else if (tag === DER.generalizedTime) {
    const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
    iso = match === null ? null : `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`;
  }
  const time = iso === null ? null : new Date(iso);
  // A 30th of February is taken for a day in March: Go refuses it.
  if (
    iso === null ||
    time === null ||
    Number.isNaN(time.getTime()) ||
    time.toISOString().slice(0, 19) !== iso.slice(0, 19)
  ) {
    throw malformed('a bad time');
  }
  return time;
}

function malformed(detail: string): CryptoError {
  return new CryptoError('malformed_der', `DER: ${detail}`);
}
