/** Levels as Fabric's logs have them, by what they let through: the higher, the less. */
export const LEVELS = { payload: -2, debug: -1, info: 0, warn: 1, error: 2, dpanic: 3, panic: 4, fatal: 5 } as const;

export type LevelName = keyof typeof LEVELS;

/** Names that a specification may use (fabric-lib-go, flogging `nameToLevel`): all in small or all in capital letters. */
const NAMES: ReadonlyMap<string, LevelName> = new Map([
  ['payload', 'payload'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['notice', 'info'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['error', 'error'],
  ['critical', 'error'],
  ['dpanic', 'dpanic'],
  ['panic', 'panic'],
  ['fatal', 'fatal'],
]);
const LOGGER = /^[A-Za-z\d_#:-]+(?:\.[A-Za-z\d_#:-]+)*$/;

/** A specification that Fabric would refuse, with its words. */
export class LogSpecError extends Error {
  override readonly name = 'LogSpecError';
  readonly code = 'bad_log_spec';
}

/**
 * Which level each logger has: `[LOGGER[,LOGGER…]=]LEVEL[:…]`. A name stands for all that begin with it and a dot; with a dot at its
 * end for that one alone. Source: fabric-lib-go, flogging `LoggerLevels`.
 */
export class LoggerLevels {
  #fallback: LevelName = 'info';
  #given: ReadonlyMap<string, LevelName> = new Map();
  #known = new Map<string, number>();

  /** @throws LogSpecError */
  constructor(spec = '') {
    this.activate(spec);
  }

  /** The specification in force, as Fabric writes it: sorted, the level of all others last. */
  get spec(): string {
    const given = Array.from(this.#given, ([logger, level]) => `${logger}=${written(level)}`);
    return [...given.toSorted(), written(this.#fallback)].join(':');
  }

  /** From now on. Nothing changes where the specification is no good. @throws LogSpecError */
  activate(spec: string): void {
    const refuse = (why: string): never => {
      throw new LogSpecError(`invalid logging specification '${spec}': ${why}`);
    };
    let fallback: LevelName = 'info';
    const given = new Map<string, LevelName>();
    for (const segment of spec.split(':')) {
      const [loggers = '', level, ...more] = segment.split('=');
      if (more.length > 0) {
        refuse(`bad segment '${segment}'`);
      } else if (level === undefined) {
        // Nothing at all stands for info.
        fallback = (segment === '' ? 'info' : levelOf(segment)) ?? refuse(`bad segment '${segment}'`);
      } else if (loggers === '') {
        refuse(`no logger specified in segment '${segment}'`);
      } else {
        const named = levelOf(level) ?? refuse(`bad segment '${segment}'`);
        for (const logger of loggers.split(',')) {
          given.set(LOGGER.test(logger.replace(/\.$/, '')) ? logger : refuse(`bad logger name '${logger}'`), named);
        }
      }
    }
    this.#fallback = fallback;
    this.#given = given;
    this.#known = new Map();
  }

  enabled(logger: string, level: LevelName): boolean {
    let least = this.#known.get(logger);
    if (least === undefined) {
      least = LEVELS[this.#find(logger)];
      this.#known.set(logger, least);
    }
    return LEVELS[level] >= least;
  }

  #find(logger: string): LevelName {
    let candidate = `${logger}.`;
    for (;;) {
      const level = this.#given.get(candidate);
      if (level !== undefined) {
        return level;
      }
      const dot = candidate.lastIndexOf('.');
      if (dot <= 0) {
        return this.#fallback;
      }
      candidate = candidate.slice(0, dot);
    }
  }
}

function levelOf(name: string): LevelName | null {
  const lower = name.toLowerCase();
  return name === lower || name === name.toUpperCase() ? (NAMES.get(lower) ?? null) : null;
}

/** Go's logging library has no name for what is below debug. */
function written(level: LevelName): string {
  return level === 'payload' ? 'Level(-2)' : level;
}
