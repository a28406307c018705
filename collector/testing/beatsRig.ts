import { readFileSync } from 'node:fs';
import { filebeatEvents, LumberjackClient, type LumberjackTarget } from '#test/harness/lumberjackClient.ts';
import type { BeatsOptions } from '../beats/beatsOptions.ts';
import type { BeatsStatus } from '../beats/beatsSource.ts';
import type { CollectorOptions } from '../options.ts';
import { CollectorRig, ownLines } from './collectorRig.ts';

export const PLAIN = { host: '127.0.0.1', port: 0, tls: null } as const;
export const LOG = '/var/log/fabric/peer.log';

export interface LetterLine {
  readonly code: string;
  readonly reason: string;
  readonly file: string;
  readonly line: string;
}

/** A collector that takes events of Beats, and senders that are cut off when it is removed; for tests. */
export class BeatsRig extends CollectorRig {
  readonly #clients: LumberjackClient[] = [];

  async listen(options: Partial<BeatsOptions> = {}, more: Partial<CollectorOptions> = {}): Promise<void> {
    await this.start({
      logs: [],
      beats: { ...PLAIN, ...options },
      deadLetters: { path: this.path('dead.ndjson') },
      ...more,
    });
  }

  get status(): BeatsStatus {
    const { beats } = this.collector.status();
    if (beats === null) throw new Error('no events of Beats are taken');
    return beats;
  }

  async connect(more: Partial<LumberjackTarget> = {}): Promise<LumberjackClient> {
    const client = await LumberjackClient.connect({ port: this.status.port, ...more });
    this.#clients.push(client);
    return client;
  }

  /** A collector and its first sender. */
  async connected(options: Partial<BeatsOptions> = {}): Promise<LumberjackClient> {
    await this.listen(options);
    return this.connect();
  }

  /** Resolves when so many events have come and wait to be acknowledged. */
  async untilWaiting(count: number): Promise<void> {
    await this.until(() => this.status.waiting === count);
  }

  letters(): LetterLine[] {
    const lines = readFileSync(this.path('dead.ndjson'), 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as LetterLine);
  }

  override async remove(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.cut();
    await super.remove();
  }
}

/** The events of lines [from, to) of a log of our own records. */
export function events(from: number, to: number, path = LOG): object[] {
  return filebeatEvents(Buffer.from(ownLines(0, to)), path).slice(from);
}

/** Lets other things happen for a while: for what must not come of them. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise((wake) => {
      setTimeout(wake, 2);
    });
  }
}
