import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '#trace/store/openStore.ts';
import type { Trace } from '#trace/trace.ts';
import { freePort } from '../chaincode/freePort.ts';
import { type Finished, finished, runFtl, spawnFtl } from '../harness/ftlProcess.ts';
import { filebeatEvents, LumberjackClient, lumberjack } from '../harness/lumberjackClient.ts';
import { ship } from '../harness/lumberjackShipper.ts';
import { tlsMaterial } from '../harness/tlsMaterial.ts';
import { allTraces, recordingFolder } from '../truth/measure.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-beats-'));
const running = new Set<Collector>();
afterAll(async () => {
  for (const collector of running) await collector.kill();
  rmSync(folder, { recursive: true, force: true });
});

const material = tlsMaterial();
const TRUSTED = { ca: material.ca, ...material.client };
const TLS_FLAGS = [
  ['--beats-certificate', 'server.pem', material.server.cert],
  ['--beats-key', 'server.key', material.server.key],
  ['--beats-client-ca', 'ca.pem', material.ca],
].flatMap(([flag, name, content]) => {
  writeFileSync(join(folder, name!), content!);
  return [flag!, join(folder, name!)];
});

/** A real `ftl collect` that takes events of Beats over mutual TLS. */
class Collector {
  readonly #child;
  readonly #finished;

  constructor(store: string, port: number) {
    this.#child = spawnFtl(['collect', '--store', store, '--beats', `127.0.0.1:${port}`, ...TLS_FLAGS]);
    this.#finished = finished(this.#child);
    running.add(this);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#finished;
    running.delete(this);
  }

  async stop(): Promise<Pick<Finished, 'status' | 'stderr'>> {
    this.#child.kill('SIGTERM');
    const { status, stderr } = await this.#finished;
    running.delete(this);
    return { status, stderr };
  }
}

async function contentOf(store: string): Promise<{ records: number; traces: Trace[] }> {
  const open = await openStore(store);
  try {
    return { traces: await allTraces(open), records: (await open.info()).records };
  } finally {
    await open.close();
  }
}

/** As soon as somebody listens. */
async function connected(port: number): Promise<LumberjackClient> {
  for (;;) {
    const client = await LumberjackClient.connect({ port, tls: TRUSTED }).catch(() => null);
    if (client !== null) return client;
  }
}

/** All files' events as a Filebeat reads them: some of each file in turn. */
function eventsOf(logs: string): object[] {
  const files = readdirSync(logs).map((name) =>
    filebeatEvents(gunzipSync(readFileSync(join(logs, name))), `/var/log/fabric/${basename(name, '.gz')}`),
  );
  const events: object[] = [];
  for (let at = 0; files.some((file) => at < file.length); at += 300) {
    for (const file of files) events.push(...file.slice(at, at + 300));
  }
  return events;
}

describe('logs that are shipped with the Beats protocol', () => {
  it.each(['fabric-v3.1.5', 'fabric-v2.5.9'] as const)(
    '%s: give the traces that an import gives, though the collector is killed again and again',
    async (recording) => {
      const logs = join(recordingFolder(recording), 'logs');
      const imported = `sqlite:${join(folder, `${recording}-imported.db`)}`;
      const { status, stderr } = await runFtl(['import', '--quiet', '--store', imported, logs]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });

      const shipped = `sqlite:${join(folder, `${recording}-shipped.db`)}`;
      const port = await freePort();
      const events = eventsOf(logs);
      let collector = new Collector(shipped, port);
      const kills = [0.1, 0.25, 0.4, 0.55, 0.7, 0.9].map((share) => Math.floor(share * events.length));
      let restarting = Promise.resolve();
      const killAndRestart = async () => {
        await collector.kill();
        collector = new Collector(shipped, port);
      };
      await ship(events, {
        port,
        tls: TRUSTED,
        workers: 3,
        windowSize: 250,
        onAcknowledged: (acknowledged) => {
          // What was acknowledged last has left, the next windows are on their way.
          if (kills.length === 0 || acknowledged < kills[0]!) return;
          kills.shift();
          restarting = restarting.then(killAndRestart);
        },
      });
      await restarting;
      expect(kills).toEqual([]);
      // What came last, sent once more, shows that the collector is there again.
      const last = await connected(port);
      await last.send(events.slice(-10));
      last.cut();
      expect(await collector.stop()).toEqual({ status: 0, stderr: '' });

      const [expected, found] = [await contentOf(imported), await contentOf(shipped)];
      expect(expected.traces.length).toBeGreaterThan(10);
      expect(found.records).toBe(expected.records);
      expect(found.traces).toEqual(expected.traces);
    },
  );

  it('are refused to whoever has no certificate, and in plain text', async () => {
    const port = await freePort();
    const collector = new Collector(`sqlite:${join(folder, 'refused.db')}`, port);
    const first = await connected(port);
    await first.send(filebeatEvents(Buffer.from('one line\n'), '/l'));
    for (const tls of [{ ca: material.ca }, undefined]) {
      const client = await LumberjackClient.connect({ port, ...(tls === undefined ? {} : { tls }) }).catch(() => null);
      client?.write(lumberjack.batch(filebeatEvents(Buffer.from('one line\n'), '/l')));
      await client?.gone;
      expect(client?.acks ?? []).toEqual([]);
    }
    first.cut();
    await collector.kill();
  });
});

describe('ftl collect --beats', () => {
  it.each([
    ['without a certificate', ['--beats', '127.0.0.1:0'], /--beats-certificate and --beats-key are needed.*tcp:\/\//],
    ['at no address', ['--beats', 'everywhere'], /"everywhere" is no address/],
    [
      'with a file that is not there',
      ['--beats', '[::1]:0', '--beats-certificate', '/no/such', '--beats-key', 'k'],
      /\/no\/such cannot be read/,
    ],
    [
      'with versions that there are not',
      ['--beats', 'tcp://127.0.0.1:0', '--beats-versions', '3'],
      /--beats-versions is/,
    ],
  ])('says what to do %s', async (_, flags, text) => {
    const { status, stderr } = await runFtl(['collect', '--store', `sqlite:${join(folder, 'none.db')}`, ...flags]);
    expect(status).toBe(1);
    expect(stderr).toMatch(text);
  });
});
