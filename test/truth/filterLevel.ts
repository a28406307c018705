/**
 * What a node would have written at a lower logging level: the recordings were made at debug, and filtering their lines
 * gives the logs of a less talkative network without recording it again.
 */

/** `FABRIC_LOGGING_SPEC` of peers and orderers. */
export interface LoggingSpec {
  readonly peer: string;
  readonly orderer: string;
}

export const LOGGING_SPECS = {
  /** As most networks run. */
  info: { peer: 'info', orderer: 'info' },
  /** The few loggers that show who called whom and how blocks travel. */
  lean: {
    peer: 'info:endorser=debug:gateway=debug:common.deliver=debug:peer.blocksprovider=debug:gossip.comm=debug:gossip.gossip=debug:gossip.state=debug',
    orderer: 'info:orderer.common.broadcast=debug:common.deliver=debug:orderer.common.multichannel=debug',
  },
  /** All that was recorded. */
  all: { peer: 'debug', orderer: 'debug' },
} as const satisfies Record<string, LoggingSpec>;
export type LoggingLevel = keyof typeof LOGGING_SPECS;

const SEVERITY: Readonly<Record<string, number>> = {
  debug: 0,
  debu: 0,
  info: 1,
  warn: 2,
  warning: 2,
  error: 3,
  erro: 3,
  dpanic: 4,
  dpan: 4,
  panic: 5,
  pani: 5,
  fatal: 6,
  fata: 6,
};

/** Colour codes of the console format. */
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const CONSOLE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC [0-9a-f]+ ([A-Z]+) \[([^\]]+)\]/;

/** Level and logger of a line; null for a continuation line or anything else. */
function headOf(line: string): { level: string; logger: string } | null {
  if (line.startsWith('{')) {
    try {
      const { level, name } = JSON.parse(line) as { level: unknown; name: unknown };
      return { level: String(level), logger: String(name) };
    } catch {
      return null;
    }
  }
  const match = CONSOLE.exec(line.replace(COLOUR, ''));
  return match === null ? null : { level: (match[1] as string).toLowerCase(), logger: match[2] as string };
}

/** The lowest severity that a spec lets through for each logger; a logger's level holds for those below it (`a` for `a.b`). */
function thresholds(spec: string): (logger: string) => number {
  const levels = new Map<string, number>();
  for (const part of spec.split(':')) {
    const [names, level] = part.includes('=') ? (part.split('=') as [string, string]) : ['', part];
    for (const name of names.split(',')) levels.set(name, SEVERITY[level.toLowerCase()] ?? 1);
  }
  return (logger) => {
    for (let name = logger; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
      const level = levels.get(name);
      if (level !== undefined) return level;
    }
    return levels.get('') ?? 1;
  };
}

/** The lines that a node with this spec would have written, unaltered; lines without a head follow the line before them. */
export function filterLevel(lines: readonly string[], spec: string): string[] {
  const threshold = thresholds(spec);
  let keep = true;
  return lines.filter((line) => {
    const head = headOf(line);
    if (head !== null) keep = (SEVERITY[head.level] ?? 1) >= threshold(head.logger);
    return keep;
  });
}

/** The same over a whole log: text in, text out. `node` is the log's file name or anything that begins with `orderer` or not. */
export function filterLog(text: string, level: LoggingLevel, node: string): string {
  const spec: LoggingSpec = LOGGING_SPECS[level];
  const lines = filterLevel(text.split('\n'), node.startsWith('orderer') ? spec.orderer : spec.peer);
  return lines.join('\n');
}
