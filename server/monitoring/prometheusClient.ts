import { z } from 'zod';
import { ask, type ClientTls } from './ask.ts';
import { MonitoringError } from './monitoringError.ts';

export interface PrometheusOptions {
  /** Of the server, with the path that it has behind a proxy. User and password in it are sent as such. */
  readonly url: string;
  /** Value of the header `Authorization`. */
  readonly authorization?: string;
  readonly tls?: ClientTls;
  readonly timeoutMs: number;
}

const Failure = z.object({ error: z.string() });
const MAX_BYTES = 8 * 1024 * 1024;

/** One HTTP API of Prometheus' kind (Prometheus, Thanos, Mimir): queries, and what it says of alerts. */
export class PrometheusClient {
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #options: PrometheusOptions;
  readonly #who: string;

  /** @param who as messages call it */
  constructor(options: PrometheusOptions, who = 'Prometheus') {
    this.#who = who;
    this.#base = new URL(options.url);
    const { username, password } = this.#base;
    const basic = `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
    const authorization = options.authorization ?? (username === '' ? undefined : basic);
    this.#base.username = '';
    this.#base.password = '';
    this.#headers = {
      Accept: 'application/json',
      ...(authorization === undefined ? {} : { Authorization: authorization }),
    };
    this.#options = options;
  }

  /**
   * @param timeoutMs where it is not what the options say
   * @throws MonitoringError
   */
  async get<T>(
    path: string,
    query: Readonly<Record<string, string>>,
    schema: z.ZodType<T>,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<T> {
    const url = new URL(`${this.#base.pathname.replace(/\/$/, '')}${path}`, this.#base);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
    const { tls = {} } = this.#options;
    const { status, text } = await ask(url, this.#who, { headers: this.#headers, tls, timeoutMs, maxBytes: MAX_BYTES });
    if (status === 401 || status === 403) {
      const how = 'FTL_MONITORING_AUTHORIZATION is what it is shown';
      throw new MonitoringError('unauthorized', `${this.#who} does not let FTL in (${status}): ${how}`);
    }
    if (status >= 300 && status < 400) {
      const why = 'which leads elsewhere: name the address that it has itself';
      throw new MonitoringError('bad_answer', `${this.#who} answered ${status}, ${why}`);
    }
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch (error) {
      const why = status === 200 || status === 404 ? ': there is no API of its kind at that address' : '';
      throw new MonitoringError('bad_answer', `${this.#who} answered ${status} without JSON${why}`, { cause: error });
    }
    const answer = schema.safeParse(body);
    if (status === 200 && answer.success) return answer.data;
    const said = Failure.safeParse(body);
    if (said.success) throw new MonitoringError('bad_answer', `${this.#who} says: ${said.data.error.slice(0, 300)}`);
    throw new MonitoringError('bad_answer', `${this.#who} answered ${status} with what its API does not`);
  }
}
