import type { PartialIdentity } from '#trace/identity.ts';
import type { Point } from '#trace/points.ts';
import { RECORD_VERSION, type FtlFields, type TraceRecord } from '#trace/record.ts';
import type { Entry } from './entry.ts';
import type { FabricState } from './state.ts';

/** Fields of a record's `ftl` beside those that every record of a stock log has. */
export type Fields = Omit<FtlFields, 'version' | 'point' | 'source'>;

/** One record of a stock log, at the entry's own time, written by whoever writes the stream. */
export function makeRecord(
  entry: Pick<Entry, 'time' | 'level' | 'logger'>,
  state: FabricState,
  point: Point,
  fields: Fields,
): TraceRecord {
  const kind = state.kind;
  if (!state.isNamed) state.former ??= 'written';
  return {
    '@timestamp': entry.time,
    'log.level': entry.level,
    'log.logger': entry.logger,
    ...(kind === undefined
      ? {}
      : { 'service.type': kind === 'peer' ? ('fabric-peer' as const) : ('fabric-orderer' as const) }),
    'service.node.name': state.name,
    ftl: { version: RECORD_VERSION, point, ...fields, source: 'log' },
  };
}

/** A full transaction ID that a record may carry; undefined for an empty or absurd one. */
export function txIdOf(text: string | undefined): string | undefined {
  return text !== undefined && text.length >= 1 && text.length <= 256 ? text : undefined;
}

/** The beginning of a transaction ID as the endorser's lines show it (8 characters). */
export function prefixOf(text: string | undefined): string | undefined {
  // In characters, as the record's schema counts them: one outside the basic plane is two of JavaScript's units.
  return text !== undefined && /^.{4,63}$/su.test(text) ? text : undefined;
}

/** A block number; undefined for what no number of JavaScript holds exactly. */
export function blockNumberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A status such as 200; undefined for what is no integer of moderate size. */
export function statusOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Error texts may hold a whole proposal; the beginning says what happened. */
export function errorOf(text: string): string {
  return text.length <= 2000 ? text : `${text.slice(0, 2000)}…`;
}

/** A remote party by its address, and by its TLS certificate's name if an access-log line has told it. */
export function remote(state: FabricState, address: string): PartialIdentity {
  const name = state.subjects.get(address);
  return name === undefined ? { address } : { address, name };
}

/** Whether an address says where a node can be reached: not what it listens on everywhere, nor a port of 0. */
export function isReachable(address: string): boolean {
  const match = /^(.+):(\d{1,5})$/.exec(address);
  if (match === null || Number(match[2]) === 0) return false;
  return !/^(0\.0\.0\.0|\[?::\]?|\[?0:0:0:0:0:0:0:0\]?)$/.test(match[1] as string);
}
