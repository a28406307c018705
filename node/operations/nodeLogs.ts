import { Counter, type Registry } from 'prom-client';
import type { LevelName, LoggerLevels } from './loggerLevels.ts';

/** Where a node tells its operator what it does; a pino logger is one. */
export interface LogSink {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

type Written = 'debug' | 'info' | 'warn' | 'error';

/** What a node logs, under Fabric's names (fabric-lib-go, flogging `metrics.Observer`). */
export class LogMetrics {
  readonly checked: Counter<'level'>;
  readonly written: Counter<'level'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.checked = new Counter({
      name: 'logging_entries_checked',
      help: 'Number of log entries checked against the active logging level',
      labelNames: ['level'],
      registers,
    });
    this.written = new Counter({
      name: 'logging_entries_written',
      help: 'Number of log entries that are written',
      labelNames: ['level'],
      registers,
    });
  }
}

/**
 * The logs of a node's parts: each has a name, as in Fabric where Fabric has one, and the level that the specification in force
 * gives to it. The sink writes all that it is given.
 */
export class NodeLogs {
  readonly #sink: LogSink;
  readonly #levels: LoggerLevels;
  readonly #metrics: LogMetrics;

  constructor(modules: { readonly sink: LogSink; readonly levels: LoggerLevels; readonly metrics: LogMetrics }) {
    this.#sink = modules.sink;
    this.#levels = modules.levels;
    this.#metrics = modules.metrics;
  }

  named(logger: string): LogSink {
    const at = (level: Written & LevelName) => {
      const label = { level };
      return (fields: object, message: string): void => {
        this.#metrics.checked.inc(label);
        if (this.#levels.enabled(logger, level)) {
          this.#metrics.written.inc(label);
          this.#sink[level]({ logger, ...fields }, message);
        }
      };
    };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}
