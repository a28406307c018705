import type { FtlFields } from '#trace/record.ts';
import { decodeFabric } from './recordedLogs.ts';

/** A full transaction ID. */
export const ID = `${'a'.repeat(63)}1`;

/** JSON entries of one logger, a millisecond apart: for lines that the recordings lack, in the words of Fabric's sources. */
export function entries(
  name: string,
  list: readonly (readonly [message: string, fields?: Record<string, unknown>, caller?: string])[],
): string[] {
  return list.map(([msg, fields, caller], index) =>
    JSON.stringify({
      level: 'warn',
      ts: 1795220418 + index / 1000,
      name,
      caller: caller ?? 'x/y.go:1',
      msg,
      ...fields,
    }),
  );
}

/** What the lines' records say, without what all records of stock logs share. A dead letter stands among them. */
export function ftlOf(lines: readonly string[]): Partial<FtlFields>[] {
  const { records, dead } = decodeFabric(lines);
  if (dead.length > 0) throw new Error(`${dead[0]?.code}: ${dead[0]?.reason}`);
  return records.map(({ ftl: { version: _version, source: _source, ...rest } }) => rest);
}
