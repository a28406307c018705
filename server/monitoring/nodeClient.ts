import { z } from 'zod';
import { type Answer, ask, type ClientTls, type Question } from './ask.ts';
import { MonitoringError } from './monitoringError.ts';
import type { NodeTarget } from './nodeTarget.ts';

export interface FailedCheck {
  readonly component: string;
  readonly reason: string;
}

const SHORT = 512;
/** Failed checks that are told; a node has a handful of components. */
const MAX_CHECKS = 100;
const Health = z.object({
  /** `OK`, or what is wrong in two words. */
  status: z.string(),
  failed_checks: z.array(z.object({ component: z.string(), reason: z.string() })).nullish(),
});
const Version = z.object({ Version: z.string(), CommitSHA: z.string().optional() });
const LogSpec = z.object({ spec: z.string().max(8192) });
const Refusal = z.object({ error: z.string() });

const SMALL = 256 * 1024;
/** Ten times what a busy Go peer of many channels tells. */
const METRICS = 8 * 1024 * 1024;

/** Asks the operations services of nodes, FTL's and Go Fabric's alike. */
export class NodeClient {
  readonly #tls: ClientTls;
  readonly #timeoutMs: number;

  constructor(options: { readonly tls?: ClientTls; readonly timeoutMs: number }) {
    this.#tls = options.tls ?? {};
    this.#timeoutMs = options.timeoutMs;
  }

  /** What has failed; nothing where the node says that it is well. @throws MonitoringError */
  async health(target: NodeTarget, signal?: AbortSignal): Promise<readonly FailedCheck[]> {
    const answer = await this.#ask(target, '/healthz', [200, 503], untilAborted(signal));
    const { status, failed_checks: told } = parse(Health, answer, target);
    const failed = (told ?? []).slice(0, MAX_CHECKS).map(({ component, reason }) => ({
      component: component.slice(0, SHORT),
      reason: reason.slice(0, SHORT),
    }));
    // That it is not well counts, even where it does not say why.
    const well = answer.status === 200 && status === 'OK';
    return failed.length > 0 || well ? failed : [{ component: 'healthz', reason: status.slice(0, SHORT) }];
  }

  /** @throws MonitoringError */
  async version(target: NodeTarget, signal?: AbortSignal): Promise<string> {
    return parse(Version, await this.#ask(target, '/version', [200], untilAborted(signal)), target).Version.slice(
      0,
      128,
    );
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
    const headers = { Accept: 'text/plain;version=0.0.4' };
    const more = { headers, maxBytes: METRICS, ...untilAborted(signal) };
    const { text } = await this.#ask(target, '/metrics', [200], more);
    // A page of whoever stands before the node would else pass for a node without metrics.
    if (/^# TYPE /m.test(text)) return text;
    throw new MonitoringError('bad_answer', `${target.node} answered /metrics with what are no metrics`);
  }

  async #ask(
    target: NodeTarget,
    path: string,
    expected: readonly number[],
    more: Partial<Question> = {},
  ): Promise<Answer> {
    const { node, url } = target;
    const question = { tls: this.#tls, name: node, timeoutMs: this.#timeoutMs, maxBytes: SMALL, ...more };
    const answer = await ask(new URL(`.${path}`, url), node, question);
    if (expected.includes(answer.status)) return answer;
    const unauthorized = answer.status === 401 || answer.status === 403;
    throw new MonitoringError(unauthorized ? 'unauthorized' : 'bad_answer', this.#refusal(target, path, answer));
  }

  /** What to do about it, where that is known. */
  #refusal({ node, url }: NodeTarget, path: string, { status, text }: Answer): string {
    const said = `${node} answered ${path} with status ${status}`;
    if (status === 401 || status === 403) {
      return this.#tls.cert === undefined
        ? `${node} asks for a client certificate at ${path}: name one with --operations-certificate and --operations-key`
        : `${said}: it does not accept the client certificate`;
    }
    if (status === 404 && path === '/metrics') {
      return `${said}: it tells no metrics unless metrics.provider in its configuration is prometheus`;
    }
    if (status === 400 && url.protocol === 'http:' && /HTTPS server/i.test(text)) {
      return `${said}: it speaks TLS, so its target needs the label __scheme__: https`;
    }
    return said;
  }
}

function untilAborted(signal: AbortSignal | undefined): Pick<Question, 'signal'> {
  return signal === undefined ? {} : { signal };
}

function parse<T>(schema: z.ZodType<T>, { text }: Answer, { node }: NodeTarget): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new MonitoringError('bad_answer', `${node} answered what no operations service does`, { cause: error });
  }
}
