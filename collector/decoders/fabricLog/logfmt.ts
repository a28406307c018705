/**
 * The structured fields at the end of a console line: ` key=value key="quoted value"`, as zap's logfmt encoder writes them. A
 * value is quoted if it holds a space, a quote or an equals sign, and may be empty.
 *
 * Nothing marks the end of the message, and a message may hold ` word=` itself. The fields are the longest tail of the line that
 * reads as fields throughout. Of a repeated key the last value counts: the encoder's own fields come after whatever a message holds.
 */
export function fieldsOf(message: string): ReadonlyMap<string, string> {
  const end = message.indexOf('\n') < 0 ? message.length : message.indexOf('\n');
  let equals = message.indexOf('=');
  for (let attempt = 0; attempt < MAX_ATTEMPTS && equals >= 0 && equals < end; attempt += 1) {
    const start = message.lastIndexOf(' ', equals) + 1;
    const fields = parseFields(message, start, end);
    if (typeof fields !== 'number') return fields;
    equals = message.indexOf('=', Math.max(fields, equals + 1));
  }
  return NONE;
}

const NONE: ReadonlyMap<string, string> = new Map();
/** An attempt goes on where the one before failed. Bounded all the same, for lines made of opening quotes. */
const MAX_ATTEMPTS = 32;

/** All fields from here to the end, or the offset at which the text stops to read as fields. */
function parseFields(text: string, from: number, end: number): Map<string, string> | number {
  const fields = new Map<string, string>();
  let at = from;
  while (at < end) {
    const equals = text.indexOf('=', at);
    if (equals < 0 || equals >= end) return end;
    if (equals === at) return at + 1;
    const key = text.slice(at, equals);
    if (key.includes(' ') || key.includes('"')) return equals;
    at = equals + 1;
    if (text.charCodeAt(at) === 34) {
      const close = closingQuote(text, at + 1, end);
      if (close < 0) return at + 1;
      fields.set(key, unescape(text.slice(at + 1, close)));
      at = close + 1;
      if (at < end && text.charCodeAt(at) !== 32) return at;
    } else {
      let close = text.indexOf(' ', at);
      if (close < 0 || close > end) close = end;
      const value = text.slice(at, close);
      if (value.includes('=') || value.includes('"')) return close;
      fields.set(key, unescape(value));
      at = close;
    }
    at += 1;
  }
  return fields;
}

function closingQuote(text: string, from: number, end: number): number {
  for (let at = from; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 92) at += 1;
    else if (code === 34) return at;
  }
  return -1;
}

/** The encoder escapes as JSON does. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
