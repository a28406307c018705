import { type Logger, pino } from 'pino';
import { ECS_VERSION, type FtlFields, RECORD_VERSION } from '#trace/record.ts';
import { TimeText } from './wallClock.ts';

/** A record's own fields, without those that the writer puts in. `version` is the writer's, too. */
export type RecordFields = Omit<FtlFields, 'version' | 'seq' | 'chain'>;

/** Text that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * Records as lines of pino: the fields of the Elastic Common Schema, then `ftl`, then a line feed. Records of transactions, of which there
 * are thousands a second, are put together here, octet for octet as pino would write them; most of what they say has been written before.
 */
export class RecordLines {
  readonly #logger: Logger;
  readonly #timeText = new TimeText();
  readonly #head: string;
  readonly #base: string;
  /** What was written of parties: the same few objects again and again. */
  readonly #written = new WeakMap<object, string>();
  #micros = 0;
  #line = '';

  constructor(serviceType: string, nodeName: string) {
    const base = {
      'log.logger': 'ftl.trace',
      'ecs.version': ECS_VERSION,
      'service.type': serviceType,
      'service.node.name': nodeName,
    };
    const write = (line: string): void => {
      this.#line = line;
    };
    this.#logger = pino(
      {
        base,
        timestamp: () => `,"@timestamp":"${this.#timeText.of(this.#micros)}"`,
        formatters: { level: (label) => ({ 'log.level': label }) },
      },
      { write },
    );
    this.#head = '{"log.level":"info","@timestamp":"';
    this.#base = `",${JSON.stringify(base).slice(1, -1)}`;
  }

  /** @param micros since 1970 @param previous on the first record of a stream: the end of the one before */
  line(fields: RecordFields, traceId: string | null, micros: number, previous: object | null): string {
    if (traceId !== null && previous === null) {
      return this.#transaction(fields, traceId, micros);
    }
    this.#micros = micros;
    // `ftl` goes last: number and chain are put behind its fields.
    const ftl = { version: RECORD_VERSION, ...fields, ...(previous === null ? null : { previous }) };
    this.#logger.info(traceId === null ? { ftl } : { 'trace.id': traceId, ftl });
    return this.#line;
  }

  #transaction(fields: RecordFields, traceId: string, micros: number): string {
    let line = `${this.#head}${this.#timeText.of(micros)}${this.#base},"trace.id":"${traceId}","ftl":{"version":${RECORD_VERSION}`;
    for (const name in fields) {
      const value: unknown = fields[name];
      if (value !== undefined) {
        line += `,"${name}":${this.#json(value)}`;
      }
    }
    return `${line}}}\n`;
  }

  #json(value: unknown): string {
    if (typeof value === 'string') {
      return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
    }
    if (typeof value === 'number' && Number.isFinite(value)) {
      return `${value}`;
    }
    if (typeof value !== 'object' || value === null) {
      return JSON.stringify(value);
    }
    let json = this.#written.get(value);
    if (json === undefined) {
      json = JSON.stringify(value);
      this.#written.set(value, json);
    }
    return json;
  }
}
