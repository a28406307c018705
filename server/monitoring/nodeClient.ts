import { z } from 'zod';
import { type Answer, ask, type ClientTls, type Question } from './ask.ts';
import { MonitoringError } from './monitoringError.ts';
import type { NodeTarget } from './nodeTarget.ts';

export interface FailedCheck {
  readonly component: string;
  readonly reason: string;
}

const SHORT = 512;
const Health = z.object({
  failed_checks: z
    .array(z.object({ component: z.string(), reason: z.string() }))
    .max(100)
    .nullish(),
});
const Version = z.object({ Version: z.string(), CommitSHA: z.string().optional() });
const LogSpec = z.object({ spec: z.string().max(8192) });
const Refusal = z.object({ error: z.string() });

const SMALL = 256 * 1024;
const METRICS = 16 * 1024 * 1024;

/** Asks the operations services of nodes, FTL's and Go Fabric's alike. */
export class NodeClient {
  readonly #tls: ClientTls;
  readonly #timeoutMs: number;

  constructor(options: { readonly tls?: ClientTls; readonly timeoutMs: number }) {
    this.#tls = options.tls ?? {};
    this.#timeoutMs = options.timeoutMs;
  }

  /** What has failed; nothing where the node says that it is well. @throws MonitoringError */
  async health(target: NodeTarget): Promise<readonly FailedCheck[]> {
    const answer = await this.#ask(target, '/healthz', [200, 503]);
    const { failed_checks: failed } = parse(Health, answer, target);
    return (failed ?? []).map(({ component, reason }) => ({
      component: component.slice(0, SHORT),
      reason: reason.slice(0, SHORT),
    }));
  }

  /** @throws MonitoringError */
  async version(target: NodeTarget): Promise<string> {
    return parse(Version, await this.#ask(target, '/version', [200]), target).Version.slice(0, 128);
  }

  /** @throws MonitoringError */
  async logSpec(target: NodeTarget): Promise<string> {
    return parse(LogSpec, await this.#ask(target, '/logspec', [200]), target).spec;
  }

  /** @throws MonitoringError; `refused` with the node's own words where it cannot be used */
  async putLogSpec(target: NodeTarget, spec: string): Promise<void> {
    const answer = await this.#ask(target, '/logspec', [204, 200, 400], {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ spec }),
    });
    if (answer.status !== 400) return;
    throw new MonitoringError('refused', parse(Refusal, answer, target).error.slice(0, SHORT));
  }

  /** In Prometheus' text format. @throws MonitoringError */
  async metrics(target: NodeTarget, signal?: AbortSignal): Promise<string> {
    const more = { maxBytes: METRICS, ...(signal === undefined ? {} : { signal }) };
    return (await this.#ask(target, '/metrics', [200], { headers: { Accept: 'text/plain;version=0.0.4' }, ...more }))
      .text;
  }

  async #ask(
    target: NodeTarget,
    path: string,
    expected: readonly number[],
    more: Partial<Question> = {},
  ): Promise<Answer> {
    const question = { tls: this.#tls, timeoutMs: this.#timeoutMs, maxBytes: SMALL, ...more };
    const answer = await ask(new URL(path, target.url), target.node, question);
    if (expected.includes(answer.status)) return answer;
    if (answer.status === 401 || answer.status === 403) {
      throw new MonitoringError(
        'unauthorized',
        `${target.node} asks for a client certificate at ${path}: name one with operationsCertificate and operationsKey`,
      );
    }
    throw new MonitoringError('bad_answer', `${target.node} answered ${path} with status ${answer.status}`);
  }
}

function parse<T>(schema: z.ZodType<T>, { text }: Answer, { node }: NodeTarget): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new MonitoringError('bad_answer', `${node} answered what no operations service does`, { cause: error });
  }
}
