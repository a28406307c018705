import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import pino from 'pino';
import type { StoredRecord } from '#trace/record.ts';
import { openSqliteStore } from '#trace/store/sqlite/sqliteStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { type RunningServer, type ServerOptions, startServer } from '../httpServer.ts';

import { sampleRecords } from './sampleRecords.ts';

export interface TestServer extends RunningServer {
  readonly store: TraceStore;
  /** What the server logged, one object a line. */
  readonly log: Record<string, unknown>[];
  add(records: readonly StoredRecord[]): Promise<void>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
}

/** A server on a free port over a store that holds the sample, or these records. */
export async function testServer(
  options: Partial<ServerOptions> = {},
  records: readonly StoredRecord[] = sampleRecords(),
  wrap: (store: TraceStore) => TraceStore = (store) => store,
): Promise<TestServer> {
  const store = await openSqliteStore(':memory:');
  const add = async (more: readonly StoredRecord[]) => {
    await store.append(more);
    while ((await store.refresh()).remaining > 0);
  };
  if (records.length > 0) await add(records);
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const server = await startServer(
    { port: 0, version: '1.2.3', traceMetrics: 'off', ...options },
    { store: wrap(store), logger },
  );
  return {
    ...server,
    store,
    log,
    add,
    get: (path, headers = {}) => fetch(server.url + path, { headers, redirect: 'error' }),
    async stop() {
      await server.close();
      await store.close();
    },
  };
}

/** The store with some methods replaced, e.g. by ones that fail. */
export function replacing(methods: Partial<TraceStore>): (store: TraceStore) => TraceStore {
  return (store) =>
    new Proxy(store, {
      get(target, name: keyof TraceStore) {
        const method = methods[name] ?? target[name];
        return (...values: never[]) => (method as (...all: never[]) => unknown).apply(target, values);
      },
    });
}

/** A request that `fetch` would not send: any host header, method or body. */
export async function rawRequest(
  url: string,
  options: RequestOptions & { readonly body?: string } = {},
): Promise<{ readonly response: IncomingMessage; readonly text: string }> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, ...rest }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve({ response, text: Buffer.concat(parts).toString() }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Bytes to the port as they are, and all that comes back until the server closes. */
export async function rawBytes(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => (answer += text));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
