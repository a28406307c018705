import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const BODIES = new URL('../vectors/operations/', import.meta.url);
/** Of what was counted, a hundredth more with each scrape. */
const GROWTH = 0.01;

/** What a Go node's operations service answered at `/metrics`, as far as panels and rules ask for it. */
export function recordedBody(kind: 'peer' | 'orderer'): string {
  return readFileSync(new URL(`go-${kind}.prom`, BODIES), 'utf8');
}

/** Families of metrics that a body tells, by their `# TYPE` lines. */
export function familiesOf(body: string): readonly string[] {
  return [...body.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!);
}

export interface RecordedNode extends AsyncDisposable {
  /** Host and port. */
  readonly address: string;
}

/** Answers scrapes as the recorded Go node did, and goes on as it had: counters and histograms grow with each scrape. */
export async function serveRecorded(kind: 'peer' | 'orderer'): Promise<RecordedNode> {
  const body = recordedBody(kind);
  let scrapes = 0;
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(grown(body, 1 + GROWTH * scrapes++));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function grown(body: string, factor: number): string {
  let counted = false;
  return body
    .split('\n')
    .map((line) => {
      const type = /^# TYPE \S+ (\S+)/.exec(line)?.[1];
      if (type !== undefined) counted = type !== 'gauge';
      const [, sample, value] = /^([^#].*) (\S+)$/.exec(line) ?? [];
      return !counted || sample === undefined ? line : `${sample} ${Number(value) * factor}`;
    })
    .join('\n');
}
