import { CryptoError } from './cryptoError.ts';
import { DerReader } from './der.ts';

/** Kinds of `GeneralName` that Go reads. */
export const GENERAL_NAME = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const;
const KINDS: ReadonlySet<number> = new Set(Object.values(GENERAL_NAME));

export interface GeneralName {
  /** One of `GENERAL_NAME`. */
  readonly kind: number;
  readonly octets: Uint8Array;
  /** The octets as text; of an IP address, of no use. */
  readonly text: string;
}

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
  /** Whether some constraint is over a kind of name that Go does not read. */
  readonly unhandled: boolean;
}

/**
 * The alternative names of a certificate, of the kinds that Go reads.
 * @throws CryptoError
 */
export function readSubjectAltName(content: Uint8Array): readonly GeneralName[] {
  const reader = new DerReader(content).sequence();
  const names: GeneralName[] = [];
  while (!reader.done) {
    const name = generalName(reader.next());
    if (name !== null) {
      check(name, name.kind !== GENERAL_NAME.ip || name.octets.length === 4 || name.octets.length === 16);
      check(name, name.kind !== GENERAL_NAME.uri || isUri(name.text));
      names.push(name);
    }
  }
  return names;
}

/** @throws CryptoError */
export function readNameConstraints(content: Uint8Array): NameConstraints {
  const outer = new DerReader(content);
  const reader = outer.sequence();
  const lists = [reader.optional(0xa0), reader.optional(0xa1)] as const;
  if (!outer.done || !reader.done || lists.every((list) => (list?.content.length ?? 0) === 0)) {
    throw new CryptoError('malformed_der', 'bad or empty name constraints');
  }
  const [permitted, excluded] = lists.map((list) => readSubtrees(list?.content ?? new Uint8Array(0))) as [
    ReturnType<typeof readSubtrees>,
    ReturnType<typeof readSubtrees>,
  ];
  return {
    permitted: permitted.names,
    excluded: excluded.names,
    unhandled: permitted.unhandled || excluded.unhandled,
  };
}

function readSubtrees(content: Uint8Array): { readonly names: readonly GeneralName[]; readonly unhandled: boolean } {
  const reader = new DerReader(content);
  const names: GeneralName[] = [];
  let unhandled = false;
  while (!reader.done) {
    const name = generalName(reader.sequence().next());
    if (name === null) {
      unhandled = true;
    } else {
      check(name, name.kind === GENERAL_NAME.ip ? isNetwork(name.octets) : isConstraint(name));
      names.push(name);
    }
  }
  return { names, unhandled };
}

/** Null for a kind that is not read. */
function generalName({ tag, content }: { readonly tag: number; readonly content: Uint8Array }): GeneralName | null {
  if (!KINDS.has(tag)) {
    return null;
  }
  const name = { kind: tag, octets: content, text: Buffer.from(content).toString('latin1') };
  check(name, tag === GENERAL_NAME.ip || content.every((octet) => octet < 0x80));
  return name;
}

function check(name: GeneralName, good: boolean): void {
  if (!good) {
    throw new CryptoError('malformed_der', `a general name of kind ${name.kind & 0x1f} that is none`);
  }
}

function isConstraint({ kind, text }: GeneralName): boolean {
  return kind === GENERAL_NAME.email && text.includes('@') ? mailboxDomain(text) !== null : isDomain(text, true);
}

/** An address and a mask of ones, then zeros. */
function isNetwork(octets: Uint8Array): boolean {
  if (octets.length !== 8 && octets.length !== 32) {
    return false;
  }
  const mask = Array.from(octets.subarray(octets.length / 2), (octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(mask);
}

/** What Go takes for the name of a domain; a constraint may start with a dot. */
export function isDomain(text: string, constraint: boolean): boolean {
  if (text === '') {
    return true;
  }
  const name = constraint && text.startsWith('.') ? text.slice(1) : text;
  return name !== '' && name.split('.').every((label) => /^[!-~]+$/.test(label));
}

/** The domain of an email address, lower case; null for what is none. Quoted local parts are taken as they come. */
export function mailboxDomain(text: string): string | null {
  const match =
    /^(?:"(?:[^"\\]|\\.)+"|[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*)@(.+)$/s.exec(text);
  const domain = match?.[1]?.toLowerCase() ?? '';
  return domain !== '' && isDomain(domain, false) ? domain : null;
}

/** Close to Go's `url.Parse`: no control characters, no bad escapes; a host, if any, must be the name of a domain. */
function isUri(text: string): boolean {
  const host = uriHost(text);
  return /^[!-~ ]*$/.test(text) && !/%(?![0-9A-Fa-f]{2})/.test(text) && !text.startsWith(':') && isDomain(host, false);
}

/** Host and port of a URI as Go's `URL.Host`; empty without one. */
export function uriHost(text: string): string {
  return /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(text)?.[1] ?? '';
}
