import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** As Alertmanager tells it. */
export interface ToldAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** For tests: whom Alertmanager tells. */
export class AlertWebhook implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #told: ToldAlert[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    server.on('request', (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => (text += part));
      request.on('end', () => {
        this.#told.push(...(JSON.parse(text) as { alerts: ToldAlert[] }).alerts);
        response.end();
        for (const look of this.#waiting) look();
      });
    });
  }

  static async start(): Promise<AlertWebhook> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new AlertWebhook(server);
  }

  /** All that was told so far. */
  get told(): readonly ToldAlert[] {
    return this.#told;
  }

  /** Resolves with the first such alert that is told, counted from the one after `from`. */
  async alert(fits: (alert: ToldAlert) => boolean, from = 0): Promise<ToldAlert> {
    const { promise, resolve } = Promise.withResolvers<ToldAlert>();
    const look = (): void => {
      const found = this.#told.slice(from).find(fits);
      if (found !== undefined) resolve(found);
    };
    this.#waiting.add(look);
    look();
    try {
      return await promise;
    } finally {
      this.#waiting.delete(look);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
