import type { Certificate } from '#node/crypto/certificate.ts';
import { DerReader } from '#node/crypto/der.ts';

/** Kinds of `GeneralName` that Go checks: email, DNS name, URI, IP address. */
const CHECKED = new Set([0x81, 0x82, 0x86, 0x87]);

/**
 * Whether a certificate below `authority` has an alternative name that the authority's name constraints exclude, or do not
 * permit. An authority whose constraints cannot be read permits nothing.
 */
export function breaksNameConstraints(authority: Certificate, below: readonly Certificate[]): boolean {
  const { nameConstraints } = authority.extensions;
  if (nameConstraints === null) {
    return false;
  }
  try {
    const reader = new DerReader(nameConstraints).sequence();
    const permitted = readSubtrees(reader.optional(0xa0)?.content);
    const excluded = readSubtrees(reader.optional(0xa1)?.content);
    return below.some(({ extensions: { subjectAltName } }) =>
      (subjectAltName === null ? [] : readNames(subjectAltName)).some((name) => {
        const ofKind = permitted.filter(({ tag }) => tag === name.tag);
        return (
          excluded.some((constraint) => matches(name, constraint)) ||
          (ofKind.length > 0 && !ofKind.some((constraint) => matches(name, constraint)))
        );
      }),
    );
  } catch {
    return true;
  }
}

interface Name {
  readonly tag: number;
  readonly content: Uint8Array;
}

function readSubtrees(content: Uint8Array | undefined): readonly Name[] {
  const reader = new DerReader(content ?? new Uint8Array(0));
  const subtrees: Name[] = [];
  while (!reader.done) {
    subtrees.push(reader.sequence().next());
  }
  return subtrees;
}

function readNames(subjectAltName: Uint8Array): readonly Name[] {
  const reader = new DerReader(subjectAltName).sequence();
  const names: Name[] = [];
  while (!reader.done) {
    const name = reader.next();
    if (CHECKED.has(name.tag)) {
      names.push(name);
    }
  }
  return names;
}

function matches(name: Name, constraint: Name): boolean {
  if (name.tag !== constraint.tag) {
    return false;
  }
  const text = Buffer.from(name.content).toString('latin1').toLowerCase();
  const rule = Buffer.from(constraint.content).toString('latin1').toLowerCase();
  switch (name.tag) {
    case 0x81: {
      const at = text.lastIndexOf('@');
      return rule.includes('@') ? text === rule : domainMatches(text.slice(at + 1), rule, true);
    }
    case 0x82:
      return domainMatches(text, rule, false);
    case 0x86:
      return domainMatches(URL.canParse(text) ? new URL(text).hostname : '', rule, true);
    default: {
      const { length } = name.content;
      return (
        constraint.content.length === 2 * length &&
        name.content.every((octet, index) => {
          const mask = constraint.content[length + index] as number;
          return (octet & mask) === ((constraint.content[index] as number) & mask);
        })
      );
    }
  }
}

/** A leading dot asks for a name below; without one the name itself counts as well, and (email, URI: `exact`) only that. */
function domainMatches(domain: string, rule: string, exact: boolean): boolean {
  if (rule === '') {
    return true;
  }
  if (rule.startsWith('.')) {
    return domain.endsWith(rule);
  }
  return domain === rule || (!exact && domain.endsWith(`.${rule}`));
}
