import { resolve } from 'node:path';
import { z } from 'zod';
import { CollectorError } from '../errors.ts';

const File = z.string().min(1);

/** One peer whose blocks are followed, as an operator describes it. */
const Target = z.strictObject({
  /** `host:port`. */
  address: z.string().regex(/^(\[[^\]]+\]|[^\s:]+):\d{1,5}$/, 'must be host:port'),
  /** `peer`: its Deliver service; `orderer`: that of an orderer, whose blocks carry no validation codes. */
  service: z.enum(['peer', 'orderer']).default('peer'),
  /** PEM file with the certificate of the authority that issued the node's TLS certificate; absent: no TLS. */
  tlsRoots: File.optional(),
  /** Name in the node's TLS certificate, where it is not the address's host. */
  serverName: z.string().min(1).optional(),
  mspId: z.string().min(1),
  /** Folder with `signcerts` and `keystore` of the identity that asks. */
  msp: File,
  channels: z.array(z.string().min(1).max(249)).min(1, 'names no channel'),
  /** First block to read, where the node's ledger began with a snapshot; 0 unless told. */
  from: z.int().min(0).default(0),
  /** For nodes that demand TLS certificates of clients: PEM files. */
  clientCertificate: z.strictObject({ certificate: File, key: File }).optional(),
});
export type DeliverTarget = z.infer<typeof Target>;

const Targets = z.array(Target);

/**
 * Checks a list of nodes to follow.
 * @param folder in which relative paths of the list begin
 * @throws CollectorError `bad_deliver_list`, with every fault and where it is
 */
export function parseTargets(content: unknown, folder: string): DeliverTarget[] {
  const parsed = Targets.safeParse(content ?? []);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => {
      const [index, ...rest] = issue.path;
      const where =
        typeof index === 'number' ? `entry ${index + 1}${rest.length > 0 ? `, ${rest.join('.')}` : ''}` : 'the list';
      return `${where}: ${issue.message}`;
    });
    throw new CollectorError('bad_deliver_list', `deliver: ${faults.join('; ')}`);
  }
  const seen = new Set<string>();
  const targets = parsed.data.map((target) => absolute(target, folder));
  for (const { address, channels } of targets) {
    for (const channel of channels) {
      const key = `${channel} at ${address}`;
      if (seen.has(key)) throw new CollectorError('bad_deliver_list', `deliver: ${key} is there twice`);
      seen.add(key);
    }
  }
  return targets;
}

function absolute(target: DeliverTarget, folder: string): DeliverTarget {
  const { tlsRoots, clientCertificate: shown } = target;
  return {
    ...target,
    msp: resolve(folder, target.msp),
    ...(tlsRoots === undefined ? {} : { tlsRoots: resolve(folder, tlsRoots) }),
    ...(shown === undefined
      ? {}
      : { clientCertificate: { certificate: resolve(folder, shown.certificate), key: resolve(folder, shown.key) } }),
  };
}
