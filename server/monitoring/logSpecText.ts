/** Levels that Fabric knows by two names, and the one that it can write but not read (fabric-lib-go, flogging). */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  notice: 'info',
  warning: 'warn',
  critical: 'error',
  'level(-2)': 'payload',
};

/**
 * Whether two specifications say the same: a node tells its own in another order and with other names of levels than it was given.
 * What is no specification equals only itself.
 */
export function sameSpec(one: string, other: string): boolean {
  return one === other || ordered(one) === ordered(other);
}

/** What a node says of itself, as it can be given back to it. */
export function givenBack(spec: string): string {
  return spec.replaceAll(/\bLevel\(-2\)/gi, 'payload');
}

function ordered(spec: string): string {
  let fallback = 'info';
  const levels = new Map<string, string>();
  for (const segment of spec.split(':')) {
    const equals = segment.indexOf('=');
    if (equals < 0) fallback = levelOf(segment);
    else
      for (const logger of segment.slice(0, equals).split(',')) levels.set(logger, levelOf(segment.slice(equals + 1)));
  }
  return JSON.stringify([fallback, ...Array.from(levels, ([logger, level]) => `${logger}=${level}`).toSorted()]);
}

function levelOf(name: string): string {
  const lower = name.toLowerCase();
  return OTHER_NAMES[lower] ?? (lower === '' ? 'info' : lower);
}
