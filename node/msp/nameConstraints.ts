import { isIP } from 'node:net';
import type { Certificate } from '#node/crypto/certificate.ts';
import { GENERAL_NAME, type GeneralName, isDomain, mailboxDomain, uriHost } from '#node/crypto/generalNames.ts';

/**
 * Whether a certificate below `authority` has an alternative name that the authority's name constraints exclude, or do not
 * permit, or that cannot be held against them (Go, `crypto/x509/constraints.go`).
 */
export function breaksNameConstraints(authority: Certificate, below: readonly Certificate[]): boolean {
  const constraints = authority.extensions.nameConstraints;
  if (constraints === null) {
    return false;
  }
  const { permitted, excluded } = constraints;
  return below.some(({ extensions: { subjectAltNames } }) =>
    (subjectAltNames ?? []).some((name) => {
      const comparable = comparableOf(name);
      const permittedOfKind = permitted.filter(({ kind }) => kind === name.kind);
      return (
        comparable === null ||
        (permittedOfKind.length > 0 && !permittedOfKind.some((rule) => matches(name, comparable, rule, false))) ||
        excluded.some((rule) => rule.kind === name.kind && matches(name, comparable, rule, true))
      );
    }),
  );
}

/** The domain to hold against constraints (of an IP address, anything); null where there is none. */
function comparableOf({ kind, text }: GeneralName): string | null {
  switch (kind) {
    case GENERAL_NAME.dns:
      return isDomain(text, false) ? text.toLowerCase() : null;
    case GENERAL_NAME.email:
      return mailboxDomain(text);
    case GENERAL_NAME.uri: {
      const host = uriHost(text).toLowerCase().replace(/:\d*$/, '');
      return host === '' || host.startsWith('[') || isIP(host) !== 0 || !isDomain(host, false) ? null : host;
    }
    default:
      return '';
  }
}

function matches(name: GeneralName, domain: string, rule: GeneralName, exclude: boolean): boolean {
  if (name.kind === GENERAL_NAME.ip) {
    return inNetwork(name.octets, rule.octets);
  }
  if (name.kind === GENERAL_NAME.email && rule.text.includes('@')) {
    return localPart(name.text) === localPart(rule.text) && domain === mailboxDomain(rule.text);
  }
  const constraint = rule.text.toLowerCase();
  return domainMatches(domain, constraint) || (exclude && wildcardCovers(domain, constraint));
}

function localPart(mailbox: string): string {
  return mailbox.slice(0, mailbox.lastIndexOf('@'));
}

/** A leading dot asks for a name below; without one the name itself counts as well. */
function domainMatches(domain: string, rule: string): boolean {
  return rule === '' || domain === rule || domain.endsWith(rule.startsWith('.') ? rule : `.${rule}`);
}

/** `*.example.com` could stand for the excluded `bad.example.com`. */
function wildcardCovers(domain: string, rule: string): boolean {
  const dot = rule.indexOf('.');
  return (
    domain.startsWith('*') && dot >= 0 && domain.includes('.') && domain.slice(domain.indexOf('.')) === rule.slice(dot)
  );
}

function inNetwork(address: Uint8Array, network: Uint8Array): boolean {
  const { length } = address;
  return (
    network.length === 2 * length &&
    address.every((octet, index) => {
      const mask = network[length + index] as number;
      return (octet & mask) === ((network[index] as number) & mask);
    })
  );
}
