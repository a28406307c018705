/** Optional fields without `undefined` among their values. */
export type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The fields that were given: a query's absent ones are left out rather than undefined, as the store's types ask. */
export function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}

/**
 * An ISO 8601 time with offset as UTC. Digits below the second are kept as they are, since a `Date` would cut microseconds.
 *
 * @param time as `z.iso.datetime({ offset: true })` accepts it
 */
export function asUtc(time: string): string {
  const match = /^(.{19})(\.\d+)?([+-]\d\d):(\d\d)$/.exec(time);
  if (match === null) return time;
  const [, wall, fraction = '', hours = '0', minutes = '0'] = match;
  const sign = hours.startsWith('-') ? -1 : 1;
  const offsetMs = sign * (Math.abs(Number(hours)) * 60 + Number(minutes)) * 60_000;
  return `${new Date(Date.parse(`${wall}Z`) - offsetMs).toISOString().slice(0, 19)}${fraction}Z`;
}
