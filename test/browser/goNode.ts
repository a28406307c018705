import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RecordedNode, serveRecorded } from '#test/harness/operationsBodies.ts';

/** For tests: the operations service of a Go node over HTTP: the recorded metrics, which grow with each scrape, and its health as the test wants it. */
export class GoNode implements AsyncDisposable {
  /** Host and port. */
  readonly address: string;
  /** What its health check says has failed. */
  failed: readonly { readonly component: string; readonly reason: string }[] = [];
  readonly #stack: AsyncDisposableStack;

  private constructor(address: string, stack: AsyncDisposableStack) {
    this.address = address;
    this.#stack = stack;
  }

  static async start(kind: 'peer' | 'orderer'): Promise<GoNode> {
    const stack = new AsyncDisposableStack();
    const recorded: RecordedNode = stack.use(await serveRecorded(kind));
    const answers: Readonly<Record<string, () => readonly [number, object]>> = {
      '/healthz': () =>
        node.failed.length === 0
          ? [200, { status: 'OK' }]
          : [503, { status: 'Service Unavailable', failed_checks: node.failed }],
      '/version': () => [200, { CommitSHA: 'a1b2c3d', Version: '3.1.5' }],
      '/logspec': () => [200, { spec: 'info' }],
    };
    const server = createServer((request, response) => {
      const answer = answers[request.url ?? '']?.();
      if (answer !== undefined) {
        response.writeHead(answer[0], { 'content-type': 'application/json' }).end(JSON.stringify(answer[1]));
        return;
      }
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      get(`http://${recorded.address}/metrics`, (metrics) => metrics.pipe(response));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    stack.defer(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    const node = new GoNode(`127.0.0.1:${(server.address() as AddressInfo).port}`, stack);
    return node;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
