const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  // Both signs for micro that Unicode has.
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const MAX = (1n << 63n) - 1n;
const TERM = /(\d*)(?:\.(\d*))?([^\d.]+)/uy;

/**
 * A duration such as `500ms`, `1.5h` or `1m30s`, in nanoseconds, as Go's `time.ParseDuration` reads it: whole numbers of any
 * length up to 2^63 ns, fractions cut off below a nanosecond. Null for what it does not take.
 */
export function parseGoDuration(text: string): bigint | null {
  const negative = text.startsWith('-');
  const body = negative || text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') {
    return 0n;
  }
  if (body === '' || body.length > 200) {
    return null;
  }
  let total = 0n;
  for (let pos = 0; pos < body.length; ) {
    TERM.lastIndex = pos;
    const match = TERM.exec(body);
    const [whole, fraction, unit] = [match?.[1] ?? '', match?.[2] ?? '', UNIT_NS[match?.[3] ?? '']];
    if (match === null || unit === undefined || (whole === '' && fraction === '')) {
      return null;
    }
    total += BigInt(whole || '0') * unit + (BigInt(fraction || '0') * unit) / 10n ** BigInt(fraction.length);
    pos = TERM.lastIndex;
    if (total > MAX + 1n) {
      return null;
    }
  }
  if (negative) {
    return -total;
  }
  return total > MAX ? null : total;
}
