import { type OperationsService, operationsService } from '#test/harness/operationsService.ts';
import type { MonitoringOptions } from '../monitoring/monitoring.ts';
import { PEERS } from './sampleRecords.ts';
import { type TestServer, testServer } from './runningServer.ts';

/** A node of the sample records, and what the API calls it. */
export const [NODE] = PEERS;
export const NODE_PATH = `/api/v1/nodes/Org1MSP/${NODE}`;

/** Servers that watch nodes, and operations services of nodes; all of them end with it. */
export class MonitoredServers implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();

  /** Who does not want scrapes sees none within the test. */
  async serve(monitoring: MonitoringOptions, more: Parameters<typeof testServer>[0] = {}): Promise<TestServer> {
    return this.own(await testServer({ monitoring: { scraper: { intervalMs: 3_600_000 }, ...monitoring }, ...more }));
  }

  own(server: TestServer): TestServer {
    this.#stack.defer(() => server.stop());
    return server;
  }

  async node(): Promise<OperationsService> {
    return this.#stack.use(await operationsService());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Asks until it is so. */
export async function until<T>(ask: () => Promise<T>, so: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (so(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
