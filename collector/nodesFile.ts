import { z } from 'zod';
import { identityId, type PartialIdentity } from '#trace/identity.ts';
import { ECS_VERSION, RECORD_VERSION, type StoredRecord } from '#trace/record.ts';
import { CollectorError } from './errors.ts';
import { contentId } from './pipeline/recordId.ts';

/** One node as an operator describes it. Needed only where its log does not tell who writes it. */
export const NodeEntry = z.strictObject({
  /** Common name of its enrolment certificate. */
  name: z.string().min(1),
  msp: z.string().min(1),
  kind: z.enum(['peer', 'orderer']),
  /** `host:port` under which others know it. */
  addresses: z.array(z.string().regex(/^(\[[^\]]+\]|[^\s:]+):\d{1,5}$/, 'must be host:port')).default([]),
  /** Its log files: paths, folders or globs. */
  logs: z.array(z.string().min(1)).default([]),
});
export type NodeEntry = z.infer<typeof NodeEntry>;

const NodesFile = z.array(NodeEntry);

/**
 * Checks the content of `nodes.yaml`: a list of `{name, msp, kind, addresses, logs}`.
 * @throws CollectorError `bad_nodes_file`, with every fault and where it is
 */
export function parseNodes(content: unknown): NodeEntry[] {
  const parsed = NodesFile.safeParse(content ?? []);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => {
      const [index, ...rest] = issue.path;
      const where =
        typeof index === 'number' ? `entry ${index + 1}${rest.length > 0 ? `, ${rest.join('.')}` : ''}` : 'the file';
      return `${where}: ${issue.message}`;
    });
    throw new CollectorError('bad_nodes_file', `nodes file: ${faults.join('; ')}`);
  }
  const seen = new Set<string>();
  for (const node of parsed.data) {
    const id = identityId(node.msp, node.name);
    if (seen.has(id)) throw new CollectorError('bad_nodes_file', `nodes file: ${id} is there twice`);
    seen.add(id);
  }
  return parsed.data;
}

/** Who writes that node's log. */
export function selfOf(node: NodeEntry): PartialIdentity {
  const address = node.addresses[0];
  return {
    id: identityId(node.msp, node.name),
    kind: node.kind,
    msp: node.msp,
    name: node.name,
    ...(address === undefined ? {} : { address }),
  };
}

/** `node.identity` records of the entries, one an address. Their IDs hang on the content alone. */
export function nodeRecords(nodes: readonly NodeEntry[], now: number): StoredRecord[] {
  const at = `${new Date(now).toISOString().slice(0, -1)}000Z`;
  return nodes.flatMap((node) => {
    const senders =
      node.addresses.length === 0 ? [selfOf(node)] : node.addresses.map((address) => ({ ...selfOf(node), address }));
    return senders.map((sender) => ({
      id: contentId('nodes', JSON.stringify([sender.kind, sender.msp, sender.name, sender.address ?? ''])),
      record: {
        '@timestamp': at,
        'ecs.version': ECS_VERSION,
        message: `${sender.id ?? ''} as configured`,
        ftl: { version: RECORD_VERSION, point: 'node.identity' as const, sender },
      },
    }));
  });
}
