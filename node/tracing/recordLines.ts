import { type Logger, pino } from 'pino';
import { ECS_VERSION, type FtlFields, RECORD_VERSION } from '#trace/record.ts';
import { TimeText } from './wallClock.ts';

/** A record's own fields, without those that the writer puts in. `version` is the writer's, too. */
export type RecordFields = Omit<FtlFields, 'version' | 'seq' | 'chain'>;

/** Records as lines, by pino: the fields of the Elastic Common Schema, then `ftl`, then a line feed. */
export class RecordLines {
  readonly #logger: Logger;
  readonly #timeText = new TimeText();
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
  }

  /** @param micros since 1970 @param previous on the first record of a stream: the end of the one before */
  line(fields: RecordFields, traceId: string | null, micros: number, previous: object | null): string {
    this.#micros = micros;
    // `ftl` goes last: number and chain are put behind its fields.
    const ftl = { version: RECORD_VERSION, ...fields, ...(previous === null ? null : { previous }) };
    this.#logger.info(traceId === null ? { ftl } : { 'trace.id': traceId, ftl });
    return this.#line;
  }
}
