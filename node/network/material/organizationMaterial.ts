import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Issued, issueAuthority, issueIdentity, issueTls } from './issue.ts';
import { type MemberPaths, type OrganizationKind, organizationPaths } from './materialPaths.ts';

export interface OrganizationSpec {
  readonly kind: OrganizationKind;
  readonly domain: string;
  readonly nodes: readonly NodeSpec[];
  /** How many `User1`, `User2` … beside `Admin`. Default 1. */
  readonly users?: number;
}

export interface NodeSpec {
  /** Without the domain, such as `peer0`. */
  readonly hostname: string;
  /** Further names and IPv4 addresses by which it is reached; beside its own, `localhost` and `127.0.0.1`. */
  readonly names?: readonly string[];
}

/** A file of the material, or a folder that must be there though it is empty. */
export type MaterialEntry =
  | { readonly path: string; readonly text: string; readonly secret: boolean }
  | { readonly path: string; readonly folder: true };

/** What cryptogen leaves in an MSP's `config.yaml`: the organisational units that make a member a peer, a client … */
const ROLES = ['client', 'peer', 'admin', 'orderer'] as const;

/** All that an organisation needs, each key made now; `path`s are below `root`. */
export function organizationMaterial(root: string, spec: OrganizationSpec, now: Date): readonly MaterialEntry[] {
  const { kind, domain, nodes, users = 1 } = spec;
  const paths = organizationPaths(root, kind, domain);
  const ca = issueAuthority(`ca.${domain}`, domain, now);
  const tlsCa = issueAuthority(`tlsca.${domain}`, domain, now);
  const authorities = { ca, tlsCa };
  const entries: MaterialEntry[] = [
    ...authorityFiles(paths.ca, ca),
    ...authorityFiles(paths.tlsCa, tlsCa),
    ...verifyingMsp(paths.msp, authorities),
  ];
  for (const { hostname, names = [] } of nodes) {
    const host = `${hostname}.${domain}`;
    const identity = issueIdentity(ca, host, kind, now);
    const sans = [...new Set([host, hostname, 'localhost', '127.0.0.1', ...names])];
    entries.push(...memberFiles(paths.node(host), authorities, identity, issueTls(tlsCa, host, sans, now)));
  }
  const userNames = ['Admin', ...Array.from({ length: users }, (_, index) => `User${index + 1}`)];
  for (const name of userNames) {
    const commonName = `${name}@${domain}`;
    const identity = issueIdentity(ca, commonName, name === 'Admin' ? 'admin' : 'client', now);
    entries.push(...memberFiles(paths.user(name), authorities, identity, issueTls(tlsCa, commonName, [], now)));
  }
  return entries;
}

interface Authorities {
  readonly ca: Issued;
  readonly tlsCa: Issued;
}

const certificateFile = ({ commonName }: Issued): string => `${commonName}-cert.pem`;

const open = (path: string, text: string): MaterialEntry => ({ path, text, secret: false });
const secret = (path: string, text: string): MaterialEntry => ({ path, text, secret: true });

function authorityFiles(folder: string, authority: Issued): readonly MaterialEntry[] {
  return [
    open(join(folder, certificateFile(authority)), authority.certificatePem),
    secret(join(folder, 'priv_sk'), authority.keyPem),
  ];
}

function verifyingMsp(folder: string, { ca, tlsCa }: Authorities): readonly MaterialEntry[] {
  return [
    { path: join(folder, 'admincerts'), folder: true },
    open(join(folder, 'cacerts', certificateFile(ca)), ca.certificatePem),
    open(join(folder, 'tlscacerts', certificateFile(tlsCa)), tlsCa.certificatePem),
    open(join(folder, 'config.yaml'), unitsYaml(`cacerts/${certificateFile(ca)}`)),
  ];
}

function memberFiles(
  paths: MemberPaths,
  authorities: Authorities,
  identity: Issued,
  tls: Issued,
): readonly MaterialEntry[] {
  return [
    ...verifyingMsp(paths.msp, authorities),
    open(join(paths.msp, 'signcerts', certificateFile(identity)), identity.certificatePem),
    secret(join(paths.msp, 'keystore', 'priv_sk'), identity.keyPem),
    open(paths.tls.ca, authorities.tlsCa.certificatePem),
    open(paths.tls.certificate, tls.certificatePem),
    secret(paths.tls.key, tls.keyPem),
  ];
}

function unitsYaml(certificate: string): string {
  const units = ROLES.map((role) => [
    `${role[0]?.toUpperCase()}${role.slice(1)}OUIdentifier`,
    { Certificate: certificate, OrganizationalUnitIdentifier: role },
  ]);
  return stringify({ NodeOUs: { Enable: true, ...Object.fromEntries(units) } });
}
