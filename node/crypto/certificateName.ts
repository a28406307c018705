import { CryptoError } from './cryptoError.ts';
import { DER, type DerElement, DerReader } from './der.ts';

const COMMON_NAME = '2.5.4.3';
const ORGANIZATIONAL_UNIT = '2.5.4.11';

/** What Fabric reads of a distinguished name. */
export interface CertificateName {
  /** The last one; null where there is none. */
  readonly commonName: string | null;
  /** In order; the same one may come twice. */
  readonly organizationalUnits: readonly string[];
}

const ascii = /^\p{ASCII}*$/u;
const printable = /^[A-Za-z0-9 '()+,\-./:=?*&]*$/;
/** No surrogates, and none of the code points that are never characters. */
const ucs2 = /^[^\uD800-\uDFFF\uFDD0-\uFDEF\uFFFE\uFFFF]*$/;
const numeric = /^[0-9 ]*$/;
/** As some writers end their text. */
const NUL_AT_END = new RegExp(`${String.fromCharCode(0)}$`);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a name (`RDNSequence`) with the text types that Go knows; a name with any other cannot be read.
 * @throws CryptoError
 */
export function readName(reader: DerReader): CertificateName {
  let commonName: string | null = null;
  const organizationalUnits: string[] = [];
  while (!reader.done) {
    const set = new DerReader(reader.expect(DER.set).content);
    while (!set.done) {
      const attribute = set.sequence();
      const type = attribute.oid();
      const value = text(attribute.next());
      if (type === COMMON_NAME) {
        commonName = value;
      } else if (type === ORGANIZATIONAL_UNIT) {
        organizationalUnits.push(value);
      }
    }
  }
  return { commonName, organizationalUnits };
}

function text({ tag, content }: DerElement): string {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const latin1 = bytes.toString('latin1');
  switch (tag) {
    case 12:
      try {
        return utf8.decode(content);
      } catch (cause) {
        throw new CryptoError('malformed_der', 'text of a name is not UTF-8', { cause });
      }
    case 18:
      return checked(latin1, numeric);
    case 19:
      return checked(latin1, printable);
    case 20:
      return latin1;
    case 22:
      return checked(latin1, ascii);
    case 30:
      if (content.length % 2 !== 0) {
        throw new CryptoError('malformed_der', 'text of a name has half a character');
      }
      return checked(Buffer.from(bytes).swap16().toString('utf16le').replace(NUL_AT_END, ''), ucs2);
    default:
      throw new CryptoError('malformed_der', `text of a name is of type ${tag}`);
  }
}

function checked(value: string, allowed: RegExp): string {
  if (!allowed.test(value)) {
    throw new CryptoError('malformed_der', 'text of a name has characters that its type does not allow');
  }
  return value;
}
