export interface MetricSample {
  /** With its ending: `…_sum`, `…_count`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The samples of these names in a text that Prometheus would scrape (exposition format 0.0.4). Lines of other metrics, most of a
 * node's, are passed over unread; lines that are none are skipped, as one that is torn must not cost the others.
 */
export function* parseSamples(text: string, wanted: ReadonlySet<string>): Generator<MetricSample> {
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const name = nameAt(text, start, end);
    if (name !== '' && wanted.has(name)) {
      const sample = parseRest(name, text.slice(start + name.length, end));
      if (sample !== null) yield sample;
    }
    start = end + 1;
  }
}

function nameAt(text: string, start: number, end: number): string {
  let at = start;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    // a to z, A to Z, 0 to 9, _ and :
    const isName =
      (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 58) || code === 95;
    if (!isName) break;
  }
  return text.slice(start, at);
}

const LABEL = /\s*([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,?)/y;

/** What follows the name: `{label="value",…} value [time]`. */
function parseRest(name: string, text: string): MetricSample | null {
  const rest = text.trimStart();
  const labels: Record<string, string> = {};
  let at = 0;
  if (rest.startsWith('{')) {
    at = 1;
    for (;;) {
      LABEL.lastIndex = at;
      const match = LABEL.exec(rest);
      if (match === null) break;
      labels[match[1] as string] = unescaped(match[2] as string);
      at = LABEL.lastIndex;
      if (match[3] === '') break;
    }
    const close = /\s*\}/y;
    close.lastIndex = at;
    if (close.exec(rest) === null) return null;
    at = close.lastIndex;
  }
  const [number = ''] = rest.slice(at).trim().split(/\s+/, 1);
  const value = numberOf(number);
  return value === null ? null : { name, labels, value };
}

function unescaped(text: string): string {
  return text.includes('\\')
    ? text.replaceAll(/\\(.)/g, (_match, letter: string) => (letter === 'n' ? '\n' : letter))
    : text;
}

/** As Go reads numbers: in any case, `Nan` of prom-client among them. */
function numberOf(text: string): number | null {
  const [, sign, word] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? [];
  if (word !== undefined) return word.toLowerCase() === 'nan' ? Number.NaN : sign === '-' ? -Infinity : Infinity;
  return text === '' || Number.isNaN(Number(text)) ? null : Number(text);
}
