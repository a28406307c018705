import { join } from 'node:path';

/** `peer` organisations run peers, `orderer` organisations the ordering service. */
export type OrganizationKind = 'peer' | 'orderer';

/** Where an organisation's material lies below a `crypto-config` folder, as cryptogen has it. */
export interface OrganizationPaths {
  readonly folder: string;
  /** Of the organisation as a channel's configuration knows it: certificates only. */
  readonly msp: string;
  readonly ca: string;
  readonly tlsCa: string;
  /** PEM of the authority of its TLS certificates. */
  readonly tlsCaCertificate: string;
  /** @param host full name, such as `peer0.org1.example.com` */
  node(host: string): MemberPaths;
  /** @param name such as `Admin` or `User1` */
  user(name: string): MemberPaths;
}

export interface MemberPaths {
  readonly folder: string;
  readonly msp: string;
  readonly tls: {
    readonly certificate: string;
    readonly key: string;
    readonly ca: string;
  };
}

export function organizationPaths(root: string, kind: OrganizationKind, domain: string): OrganizationPaths {
  const folder = join(root, `${kind}Organizations`, domain);
  return {
    folder,
    msp: join(folder, 'msp'),
    ca: join(folder, 'ca'),
    tlsCa: join(folder, 'tlsca'),
    tlsCaCertificate: join(folder, 'tlsca', `tlsca.${domain}-cert.pem`),
    node: (host) => member(join(folder, `${kind}s`, host), 'server'),
    user: (name) => member(join(folder, 'users', `${name}@${domain}`), 'client'),
  };
}

function member(path: string, side: 'server' | 'client'): MemberPaths {
  return {
    folder: path,
    msp: join(path, 'msp'),
    tls: {
      certificate: join(path, 'tls', `${side}.crt`),
      key: join(path, 'tls', `${side}.key`),
      ca: join(path, 'tls', 'ca.crt'),
    },
  };
}
