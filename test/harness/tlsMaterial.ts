import { issueAuthority, issueTls } from '#node/network/material/issue.ts';

export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

export interface TlsMaterial {
  /** Certificate of the authority that issued both. */
  readonly ca: string;
  readonly server: PemPair;
  readonly client: PemPair;
}

/** For tests: an authority with a server on this machine and a client. Two calls give two that do not know each other. */
export function tlsMaterial(): TlsMaterial {
  const now = new Date();
  const authority = issueAuthority('tlsca', 'test', now);
  const issue = (name: string, names: readonly string[]): PemPair => {
    const { certificatePem, keyPem } = issueTls(authority, name, names, now);
    return { cert: certificatePem, key: keyPem };
  };
  return {
    ca: authority.certificatePem,
    server: issue('server', ['localhost', '127.0.0.1']),
    client: issue('client', ['client']),
  };
}
