/** A protobuf timestamp: whole seconds since 1970 and nanoseconds. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

/** 0001-01-01 to 9999-12-31, the range of protobuf's Timestamp. */
const FIRST = -62_135_596_800;
const LAST = 253_402_300_799;

/**
 * ISO 8601 UTC with `digits` decimals (6: microseconds, 9: nanoseconds), cut, not rounded; null for a time that protobuf
 * does not allow.
 */
export function timestampIso(timestamp: Timestamp, digits: 6 | 9 = 9): string | null {
  const { seconds, nanos } = timestamp;
  if (!(seconds >= FIRST && seconds <= LAST && nanos >= 0 && nanos <= 999_999_999)) {
    return null;
  }
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(nanos).padStart(9, '0').slice(0, digits)}Z`;
}
