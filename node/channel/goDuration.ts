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

/** What Go's `time.ParseDuration` says of a text that `parseGoDuration` gives null for. */
export function goDurationError(text: string): string {
  const whole = quoted(text);
  let rest = text.replace(/^[+-]/, '').slice(0, 200);
  while (rest !== '') {
    const [term, number = '', unit = ''] = /^(\d*(?:\.\d*)?)([^\d.]*)/.exec(rest) ?? [''];
    if (number === '' || number === '.') {
      break;
    }
    if (unit === '') {
      return `time: missing unit in duration ${whole}`;
    }
    if (!Object.hasOwn(UNIT_NS, unit)) {
      return `time: unknown unit ${quoted(unit)} in duration ${whole}`;
    }
    rest = rest.slice(term.length);
  }
  return `time: invalid duration ${whole}`;
}

function quoted(text: string): string {
  const escaped = Array.from(Buffer.from(text.slice(0, 200)), (byte) =>
    byte < 0x20 || byte >= 0x80
      ? `\\x${byte.toString(16).padStart(2, '0')}`
      : byte === 0x22 || byte === 0x5c
        ? `\\${String.fromCharCode(byte)}`
        : String.fromCharCode(byte),
  );
  return `"${escaped.join('')}"`;
}

/** As Go prints a duration of so many nanoseconds: `15m0s`, `1.5s`, `20ms`. */
export function printGoDuration(ns: bigint): string {
  if (ns < 0n) {
    return `-${printGoDuration(-ns)}`;
  }
  if (ns === 0n) {
    return '0s';
  }
  if (ns < 1_000_000_000n) {
    const [unit, size] =
      ns < 1_000n ? (['ns', 1n] as const) : ns < 1_000_000n ? (['µs', 1_000n] as const) : (['ms', 1_000_000n] as const);
    return `${decimal(ns, size)}${unit}`;
  }
  const [hours, minutes] = [ns / 3_600_000_000_000n, (ns / 60_000_000_000n) % 60n];
  const seconds = `${decimal(ns % 60_000_000_000n, 1_000_000_000n)}s`;
  return hours > 0n ? `${hours}h${minutes}m${seconds}` : minutes > 0n ? `${minutes}m${seconds}` : seconds;
}

function decimal(ns: bigint, unit: bigint): string {
  const fraction = String(ns % unit)
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '');
  return unit === 1n || fraction === '' ? String(ns / unit) : `${ns / unit}.${fraction}`;
}
