import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { createStreamDecoder, type StreamFormat } from './decoders/registry.ts';
import { isGzip } from './sources/fileIdentity.ts';
import { streamNameOf } from './sources/rotation.ts';

export interface LogInspection {
  readonly records: number;
  /** Places where a node's records are missing or not as it wrote them. */
  readonly breaks: number;
  /** One sentence for the operator: who wrote it, what it yields, what it lacks. */
  readonly summary: string;
}

const MAX_LINES = 50_000;

/** What each kind of record stands for in a trace; a log without any of them says nothing about it. */
const TELLS: readonly (readonly [what: string, points: readonly string[]])[] = [
  ['endorsements', ['chaincode.invoke', 'endorse.request', 'endorse.response']],
  ['gateway calls', ['gateway.submit', 'endorse.caller', 'endorse.result']],
  ['broadcasts', ['broadcast.request', 'broadcast.response']],
  ['blocks written', ['order.block']],
  ['deliveries', ['deliver.block', 'deliver.send', 'deliver.subscribe']],
  ['gossip', ['gossip.send', 'gossip.receive']],
  ['commits', ['gossip.commit']],
];

/**
 * Decodes the beginning of a log (50,000 lines) without storing anything, to tell what it will yield.
 * @throws Error of the file system if it cannot be read
 */
export async function inspectLog(path: string, format: StreamFormat): Promise<LogInspection> {
  const decoder = createStreamDecoder(format, { fallbackName: streamNameOf(path) });
  const counts = new Map<string, number>();
  const names = new Set<string>();
  let [lines, records, dead, breaks] = [0, 0, 0, 0];
  for await (const line of createInterface({ input: await contentOf(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    lines += 1;
    const decoded = decoder.line(line);
    if (decoded.dead !== undefined) dead += 1;
    for (const record of decoded.records) {
      if (record.ftl.point === 'stream.check') {
        if (record.ftl.stage !== 'read') breaks += 1;
        continue;
      }
      records += 1;
      counts.set(record.ftl.point, (counts.get(record.ftl.point) ?? 0) + 1);
      const name = record['service.node.name'];
      if (name !== undefined) names.add(name);
    }
    if (lines >= MAX_LINES) break;
  }
  return { records, breaks, summary: summarise(lines, records, dead, breaks, names, counts) };
}

function summarise(
  lines: number,
  records: number,
  dead: number,
  breaks: number,
  names: ReadonlySet<string>,
  counts: ReadonlyMap<string, number>,
): string {
  if (records === 0)
    return `${lines} lines, none of which says anything about a transaction: is it a Fabric log at level info or FTL's records?`;
  const told = TELLS.map(
    ([what, points]) => [what, points.reduce((sum, point) => sum + (counts.get(point) ?? 0), 0)] as const,
  );
  const yields = told.filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
  return [
    `written by ${[...names].join(', ') || 'an unnamed node (see nodes.yaml)'}`,
    `${lines}${lines >= MAX_LINES ? '+' : ''} lines give ${records} records`,
    yields.join(', '),
    dead > 0 ? `${dead} lines cannot be decoded` : '',
    breaks > 0 ? `in ${breaks} places records are missing or were altered` : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}

async function contentOf(path: string): Promise<NodeJS.ReadableStream> {
  const handle = await open(path, 'r');
  const head = Buffer.alloc(4);
  try {
    await handle.read(head, 0, head.length, 0);
  } finally {
    await handle.close();
  }
  const stream = createReadStream(path);
  return isGzip(head) ? stream.pipe(createGunzip()) : stream;
}
