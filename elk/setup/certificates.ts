import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';

/** Who has a certificate, and by which names others reach it: Compose's services, and those of the Kubernetes manifests. */
export const HOLDERS = {
  elasticsearch: ['elasticsearch', 'ftl-es-http', 'ftl-es-http.ftl.svc', 'localhost', '127.0.0.1'],
  kibana: ['kibana', 'ftl-kb-http', 'ftl-kb-http.ftl.svc', 'localhost', '127.0.0.1'],
  logstash: ['logstash', 'localhost', '127.0.0.1'],
  ftl: ['ftl', 'localhost', '127.0.0.1'],
  filebeat: ['filebeat'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Holder = keyof typeof HOLDERS;

/** Where the authority lies. Only who makes certificates is to see this folder. */
const AUTHORITY = 'authority';

export interface CertificateOptions {
  /** Gets a folder for each holder with `ca.crt`, `tls.crt`, `tls.key`, so that each can be given its own and no other key. */
  readonly folder: string;
  /** User that the keys are to belong to: what the containers run as. Absent: whoever runs this. */
  readonly owner?: number | undefined;
  /** Further names and addresses by which the outside reaches what listens. */
  readonly names?: readonly string[];
  readonly now: Date;
}

/**
 * Makes an authority and a certificate for each holder, valid for ten years, where they are not all there. Keys are PKCS #8 in PEM:
 * the one form that Elasticsearch, Logstash, Kibana, Filebeat and FTL all read.
 *
 * @returns whether they were made
 */
export function makeCertificates({ folder, owner, names = [], now }: CertificateOptions): boolean {
  const holders = Object.entries(HOLDERS);
  const wanted = [AUTHORITY, ...holders.map(([holder]) => holder)].map((name) => join(folder, name, 'ca.crt'));
  if (wanted.every((path) => existsSync(path))) return false;
  const authority = issueAuthority('FTL stack', 'FTL', now);
  for (const [holder, own] of holders) {
    const issued = issueTls(authority, holder, [...own, ...names], now);
    write(folder, holder, owner, {
      'tls.key': issued.keyPem,
      'tls.crt': issued.certificatePem,
      'ca.crt': authority.certificatePem,
    });
  }
  // The last, so that a run that was cut short is begun anew.
  write(folder, AUTHORITY, undefined, { 'ca.key': authority.keyPem, 'ca.crt': authority.certificatePem });
  return true;
}

function write(folder: string, name: string, owner: number | undefined, files: Readonly<Record<string, string>>): void {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    const path = join(place, file);
    writeFileSync(path, text, { mode: 0o600 });
    chmodSync(path, file.endsWith('.key') ? 0o600 : 0o644);
    if (owner !== undefined) chownSync(path, owner, owner);
  }
  chmodSync(place, 0o755);
}
