import { AlertWebhook } from './alertWebhook.ts';
import { type PrometheusOptions, RunningAlertmanager, RunningPrometheus } from './prometheus.ts';

/** For tests: Prometheus with the project's rules, its Alertmanager, and whom that tells. */
export class Alerting implements AsyncDisposable {
  readonly prometheus: RunningPrometheus;
  readonly alertmanager: RunningAlertmanager;
  readonly webhook: AlertWebhook;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: Pick<Alerting, 'prometheus' | 'alertmanager' | 'webhook'>, stack: AsyncDisposableStack) {
    this.prometheus = parts.prometheus;
    this.alertmanager = parts.alertmanager;
    this.webhook = parts.webhook;
    this.#stack = stack;
  }

  static async start(jobs: PrometheusOptions['jobs']): Promise<Alerting> {
    await using stack = new AsyncDisposableStack();
    const webhook = stack.use(await AlertWebhook.start());
    const alertmanager = stack.use(await RunningAlertmanager.start(webhook.url));
    const prometheus = stack.use(await RunningPrometheus.start({ jobs, alertmanager: alertmanager.url }));
    return new Alerting({ prometheus, alertmanager, webhook }, stack.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
