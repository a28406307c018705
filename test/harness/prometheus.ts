import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { freePort } from '../chaincode/freePort.ts';
import { findProgram } from './program.ts';
import { GRAFANA, readRuleGroups, type Rule } from './ruleFiles.ts';
import type { TlsMaterial } from './tlsMaterial.ts';

export const PROMETHEUS = findProgram('prometheus');
export const ALERTMANAGER = findProgram('prometheus-alertmanager', 'alertmanager');

const READY_MS = 30_000;
const TURN_MS = 100;
/** Scrapes and evaluations of the tests' own Prometheus: a node on a busy machine has as long to answer. */
const INTERVAL = '2s';
/** Of all times of the project's rules: a minute is three seconds. */
const DIVISOR = 20;
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Target {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * The project's rules with all times divided: what they wait for, look back at and are patient with. What is compared with what stays
 * as it is.
 */
function quickRules(divisor: number): string {
  const quick = (text: string): string =>
    text
      .replaceAll(
        /(\[|offset )(\d+)([smhd])\b/g,
        (_, before: string, count: string, unit: keyof typeof SECONDS) => `${before}${shortened(count, unit, divisor)}`,
      )
      .replaceAll(
        /(process_start_time_seconds\) < )(\d+)\b/g,
        (_, before: string, seconds: string) => `${before}${Number(seconds) / divisor}`,
      );
  const groups = readRuleGroups().map(({ name, rules }) => ({
    name,
    rules: rules.map((rule) => quickRule(rule, quick)),
  }));
  return stringify({ groups });
}

function quickRule({ for: patience, ...rule }: Rule, quick: (text: string) => string): Rule {
  const expr = quick(rule.expr);
  return patience === undefined ? { ...rule, expr } : { ...rule, expr, for: quick(`[${patience}]`).slice(1, -1) };
}

function shortened(count: string, unit: keyof typeof SECONDS, divisor: number): string {
  return `${Math.ceil((Number(count) * SECONDS[unit]) / divisor)}s`;
}

/** A program that serves HTTP, with a folder of its own that goes with it. */
class Server implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  #log = '';

  protected constructor(program: string, args: readonly string[], folder: string, port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.#folder = folder;
    this.#child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (text: Buffer) => (this.#log += String(text)));
  }

  protected async ready(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    for (;;) {
      if (this.#child.exitCode !== null || Date.now() > deadline) {
        await this[Symbol.asyncDispose]();
        throw new Error(`it does not start: ${this.#log}`);
      }
      const answer = await fetch(`${this.url}/-/ready`).catch(() => null);
      await answer?.arrayBuffer();
      if (answer?.ok === true) return;
      await delay(TURN_MS);
    }
  }

  protected async ask<T>(path: string): Promise<T> {
    const answer = await fetch(this.url + path);
    const body = (await answer.json()) as { readonly status: string; readonly data: T; readonly error?: string };
    if (body.status !== 'success') throw new Error(`${decodeURIComponent(path)}: ${body.error}`);
    return body.data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const closed = once(this.#child, 'close');
      this.#child.kill('SIGTERM');
      await closed;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface PrometheusOptions {
  /** Targets of the jobs that `grafana/prometheus/prometheus.yml` has. */
  readonly jobs: { readonly fabric?: readonly Target[]; readonly ftl?: readonly Target[] };
  /** YAML; default: the project's, of which a minute is three seconds. */
  readonly rules?: string;
  readonly alertmanager?: string;
  /** Where the nodes' operations services have TLS. */
  readonly tls?: Pick<TlsMaterial, 'ca' | 'client'>;
}

interface Configuration {
  readonly scrape_configs: readonly { readonly job_name: string }[];
}

/** The project's configuration, but for how often it asks, where FTL is, and whom it tells; with what it has as comments where that is asked for. */
function configOf({ jobs: { ftl = [] }, alertmanager, tls }: PrometheusOptions): object {
  const text = readFileSync(`${GRAFANA}prometheus/prometheus.yml`, 'utf8');
  const [nodes = '', others = ''] = text.split(/(?=^ {2}- job_name: ftl$)/m);
  const ours = parse(`${tls === undefined ? nodes : withTls(nodes)}${others}`) as Configuration;
  return {
    ...ours,
    global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
    scrape_configs: ours.scrape_configs.map((job) =>
      job.job_name === 'ftl' ? Object.assign(job, { static_configs: ftl }) : job,
    ),
    ...(alertmanager === undefined
      ? {}
      : { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager.replace('http://', '')] }] }] } }),
  };
}

/** Its lines about TLS count. */
function withTls(text: string): string {
  return text.replaceAll(/^ {4}# (?=scheme:|tls_config:| {2})/gm, '    ');
}

/** For tests: a real Prometheus with the project's configuration, which scrapes every other second. */
export class RunningPrometheus extends Server {
  static async start(options: PrometheusOptions): Promise<RunningPrometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'ftl-prometheus-'));
    const { jobs, rules = quickRules(DIVISOR), tls } = options;
    for (const part of ['rules', 'targets', 'tls']) mkdirSync(join(folder, part));
    writeFileSync(join(folder, 'prometheus.yml'), stringify(configOf(options), { aliasDuplicateObjects: false }));
    writeFileSync(join(folder, 'targets/nodes.json'), JSON.stringify(jobs.fabric ?? []));
    writeFileSync(join(folder, 'rules/rules.yml'), rules);
    if (tls !== undefined) {
      writeFileSync(join(folder, 'tls/operations-ca.crt'), tls.ca);
      writeFileSync(join(folder, 'tls/prometheus.crt'), tls.client.cert);
      writeFileSync(join(folder, 'tls/prometheus.key'), tls.client.key);
    }
    const port = await freePort();
    const args = [
      '--config.file=prometheus.yml',
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ];
    const prometheus = new RunningPrometheus(PROMETHEUS!, args, folder, port);
    await prometheus.ready();
    return prometheus;
  }

  /** @throws where the expression cannot be evaluated */
  async query(expr: string): Promise<readonly Sample[]> {
    const { result } = await this.ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
      `/api/v1/query?query=${encodeURIComponent(expr)}`,
    );
    return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
  }

  /** Trace IDs that came with the samples of a metric. */
  async exemplars(selector: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const now = Date.now() / 1000;
    const found = await this.ask<{ exemplars: { labels: Record<string, string> }[] }[]>(
      `/api/v1/query_exemplars?query=${encodeURIComponent(selector)}&start=${now - 600}&end=${now}`,
    );
    return found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels));
  }
}

/** For tests: a real Alertmanager with the example's routes, whose receivers are all one webhook and which tells at once. */
export class RunningAlertmanager extends Server {
  static async start(webhook: string): Promise<RunningAlertmanager> {
    const folder = mkdtempSync(join(tmpdir(), 'ftl-alertmanager-'));
    const example = parse(readFileSync(`${GRAFANA}alertmanager/alertmanager.yml`, 'utf8')) as {
      route: { routes: object[] };
      inhibit_rules: object[];
      receivers: { name: string }[];
    };
    const atOnce = { group_wait: '100ms', group_interval: '1s' };
    const config = {
      route: { ...example.route, ...atOnce, routes: example.route.routes.map((route) => ({ ...route, ...atOnce })) },
      inhibit_rules: example.inhibit_rules,
      receivers: example.receivers.map(({ name }) => ({
        name,
        webhook_configs: [{ url: webhook, send_resolved: true }],
      })),
    };
    writeFileSync(join(folder, 'alertmanager.yml'), stringify(config));
    const port = await freePort();
    const args = [
      '--config.file=alertmanager.yml',
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ];
    const alertmanager = new RunningAlertmanager(ALERTMANAGER!, args, folder, port);
    await alertmanager.ready();
    return alertmanager;
  }
}
