import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, closeSync, copyFileSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { elasticsearchHome, startablePlace } from './elasticsearchDistribution.ts';
import { OrphanGuard } from './orphanGuard.ts';

export interface ElasticsearchOptions {
  /** Added to `elasticsearch.yml`, flat. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Further files in its configuration folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** 512 unless told. */
  readonly heapMiB?: number;
  /** With all of Java's compilers, as it is run for work; without, it starts sooner. */
  readonly optimising?: boolean;
}

/** `nobody`, by number: Elasticsearch refuses to run as root. */
const NOBODY = 65_534;
const LONGEST_START_MS = 180_000;
/** A server that lives for minutes: the optimising compiler costs more than it brings, and nobody looks at counters in /tmp. */
const QUICK = '-XX:TieredStopAtLevel=1 -XX:-UsePerfData';

/** A real Elasticsearch of one node on a free port of 127.0.0.1, with its data in a temporary folder. */
export class ElasticsearchNode {
  readonly #home: string;
  readonly #javaHome: string;
  readonly #folder: string;
  readonly #options: ElasticsearchOptions;
  #child: ChildProcess | null = null;
  #guard: OrphanGuard | null = null;
  #port = 0;

  private constructor(home: string, javaHome: string, folder: string, options: ElasticsearchOptions) {
    this.#home = home;
    this.#javaHome = javaHome;
    this.#folder = folder;
    this.#options = options;
  }

  /** Ready for work when it comes back. @throws Error with the end of its log where it does not start */
  static async start(options: ElasticsearchOptions = {}): Promise<ElasticsearchNode> {
    const place = startablePlace();
    if ('notThere' in place) throw new Error(`Elasticsearch cannot be started: ${place.notThere}`);
    const home = await elasticsearchHome(place.javaHome);
    const node = new ElasticsearchNode(home, place.javaHome, await mkdtemp(join(tmpdir(), 'ftl-elastic-')), options);
    try {
      await node.#prepare();
      await node.restart();
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  get url(): string {
    return `${this.#isSecure ? 'https' : 'http'}://127.0.0.1:${this.#port}`;
  }

  /** Of the configuration, where `files` are. */
  get configFolder(): string {
    return join(this.#folder, 'config');
  }

  /** Starts it on the same data and port; it must not run. */
  async restart(): Promise<void> {
    await writeFile(join(this.configFolder, 'elasticsearch.yml'), this.#settings());
    const ports = join(this.#folder, 'logs', 'http.ports');
    await rm(ports, { force: true });
    const output = openSync(join(this.#folder, 'output.log'), 'a');
    const { JAVA_HOME: _javaHome, ...environment } = process.env;
    const child = spawn('bash', [join(this.#home, 'bin', 'elasticsearch')], {
      cwd: this.#folder,
      // Its launcher starts the server as a process of its own: signals go to both.
      detached: true,
      stdio: ['ignore', output, output],
      env: {
        ...environment,
        HOME: this.#folder,
        ES_JAVA_HOME: this.#javaHome,
        ES_PATH_CONF: this.configFolder,
        // The server's temporary files, and those of its launcher.
        ES_TMPDIR: join(this.#folder, 'tmp'),
        CLI_JAVA_OPTS: `-Djava.io.tmpdir=${join(this.#folder, 'tmp')} ${QUICK}`,
      },
      ...(isRoot() && { uid: NOBODY, gid: NOBODY }),
    });
    closeSync(output);
    this.#child = child;
    if (child.pid !== undefined) this.#guard = new OrphanGuard(child.pid, this.#folder);
    const deadline = Date.now() + LONGEST_START_MS;
    while (!(await this.#isReady(ports))) {
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
        const log = await readFile(join(this.#folder, 'output.log'), 'utf8').catch(() => '');
        throw new Error(`Elasticsearch did not start:\n${log.slice(-4000)}`);
      }
      await delay(100);
    }
  }

  /** `kill -9`; its data stay. */
  async kill(): Promise<void> {
    this.#child = null;
    await this.#guard?.kill();
    this.#guard = null;
  }

  /** Neither answers nor ends until `resume`. */
  pause(): void {
    if (this.#child !== null) signalGroup(this.#child, 'SIGSTOP');
  }

  resume(): void {
    if (this.#child !== null) signalGroup(this.#child, 'SIGCONT');
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #prepare(): Promise<void> {
    for (const name of ['config', 'data', 'logs', 'tmp']) await mkdir(join(this.#folder, name));
    copyFileSync(join(this.#home, 'config', 'log4j2.properties'), join(this.configFolder, 'log4j2.properties'));
    await writeFile(join(this.configFolder, 'jvm.options'), await this.#jvmOptions());
    for (const [name, text] of Object.entries(this.#options.files ?? {})) {
      await writeFile(join(this.configFolder, name), text);
      if (isRoot()) chownSync(join(this.configFolder, name), NOBODY, NOBODY);
    }
    if (!isRoot()) return;
    for (const name of ['', 'config', 'data', 'logs', 'tmp']) chownSync(join(this.#folder, name), NOBODY, NOBODY);
  }

  /** The distribution's own, without those that choose a collector for large heaps and write a log of it. */
  async #jvmOptions(): Promise<string> {
    const shipped = (await readFile(join(this.#home, 'config', 'jvm.options'), 'utf8'))
      .split('\n')
      .filter((line) => !/^\s*(#|$)|Xlog|UseG1GC/.test(line));
    const heap = `${this.#options.heapMiB ?? 512}m`;
    return [
      `-Xms${heap}`,
      `-Xmx${heap}`,
      '-XX:+UseSerialGC',
      ...(this.#options.optimising === true ? [] : QUICK.split(' ')),
      ...shipped,
      '',
    ].join('\n');
  }

  #settings(): string {
    const settings = {
      'cluster.name': 'ftl-test',
      'discovery.type': 'single-node',
      'network.host': '127.0.0.1',
      'http.port': this.#port,
      'transport.port': 0,
      'node.portsfile': true,
      'path.data': join(this.#folder, 'data'),
      'path.logs': join(this.#folder, 'logs'),
      'xpack.security.enabled': false,
      // The disk of whoever runs the tests may be nearly full; a test that is about that sets its own.
      'cluster.routing.allocation.disk.threshold_enabled': false,
      'action.destructive_requires_name': false,
      ...this.#options.settings,
    };
    return Object.entries(settings)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      .join('');
  }

  get #isSecure(): boolean {
    return this.#options.settings?.['xpack.security.http.ssl.enabled'] === true;
  }

  async #isReady(ports: string): Promise<boolean> {
    const listed = await readFile(ports, 'utf8').catch(() => '');
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(listed)?.[1] ?? 0);
    if (port === 0) return false;
    this.#port = port;
    // One that asks for credentials is as ready as one that answers.
    return [200, 401].includes(await statusOf(`${this.url}/_cluster/health?wait_for_status=yellow&timeout=30s`));
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** 0 where nobody answers. */
function statusOf(url: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const request = url.startsWith('https:') ? httpsRequest(url, { rejectUnauthorized: false }) : httpRequest(url);
  request.once('response', (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  request.once('error', () => resolve(0));
  request.end();
  return promise;
}
