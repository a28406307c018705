/** JSON that Go's `encoding/json` would refuse, with its words. */
export class GoJsonError extends Error {
  override readonly name = 'GoJsonError';
  readonly code = 'bad_json';
}

const MAX_DEPTH = 10_000;
const SPACE = /[ \t\r\n]/;
const NAMED: Readonly<Record<string, string>> = {
  "'": "\\'",
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/**
 * The first JSON value of a text, as Go's decoder takes it: what follows does not count.
 * @throws GoJsonError with the decoder's words; `EOF` where there is none
 */
export function firstJsonValue(bytes: Buffer): unknown {
  const end = new Scanner(bytes.toString('latin1')).end();
  return JSON.parse(bytes.toString('utf8', 0, end)) as unknown;
}

/** What Go calls the kind of a value that does not fit. */
export function goKind(value: unknown): string {
  if (typeof value === 'object') {
    return Array.isArray(value) ? 'array' : 'object';
  }
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** One character an octet, as Go's scanner sees them. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Where the first value ends. */
  end(): number {
    this.#space();
    if (this.#at === this.#text.length) {
      throw new GoJsonError('EOF');
    }
    const open: ('}' | ']')[] = [];
    do {
      const closing = this.#begin(open.length);
      if (closing !== null) {
        open.push(closing);
      } else {
        this.#close(open);
      }
    } while (open.length > 0);
    return this.#at;
  }

  /** A value that is whole at once, or the beginning of one: what will close it. */
  #begin(depth: number): '}' | ']' | null {
    this.#space();
    const first = this.#take();
    if (first === '{' || first === '[') {
      if (depth >= MAX_DEPTH) {
        this.#refuse(first, 'exceeded max depth');
      }
      this.#space();
      const closing = first === '{' ? '}' : ']';
      if (this.#peek() === closing) {
        this.#at++;
        return null;
      }
      if (first === '{') {
        this.#key();
      }
      return closing;
    }
    if (first === '"') {
      this.#string();
    } else if (first === '-' || /\d/.test(first)) {
      this.#number(first);
    } else {
      const word = ['true', 'false', 'null'].find((one) => one[0] === first);
      this.#word(word ?? this.#refuse(first, 'looking for beginning of value'));
    }
    return null;
  }

  /** Behind a value: closes what ends here, up to where another value begins. */
  #close(open: ('}' | ']')[]): void {
    for (let closing = open.at(-1); closing !== undefined; closing = open.at(-1)) {
      this.#space();
      const next = this.#take();
      if (next === ',') {
        if (closing === '}') {
          this.#space();
          this.#key();
        }
        return;
      }
      if (next !== closing) {
        this.#refuse(next, closing === '}' ? 'after object key:value pair' : 'after array element');
      }
      open.pop();
    }
  }

  #key(): void {
    const quote = this.#take();
    if (quote !== '"') {
      this.#refuse(quote, 'looking for beginning of object key string');
    }
    this.#string();
    this.#space();
    const colon = this.#take();
    if (colon !== ':') {
      this.#refuse(colon, 'after object key');
    }
  }

  #string(): void {
    for (let next = this.#take(); next !== '"'; next = this.#take()) {
      if (next < ' ') {
        this.#refuse(next, 'in string literal');
      }
      if (next === '\\') {
        this.#escape();
      }
    }
  }

  #escape(): void {
    const escaped = this.#take();
    if (!/["\\/bfnrtu]/.test(escaped)) {
      this.#refuse(escaped, 'in string escape code');
    }
    for (let digits = escaped === 'u' ? 4 : 0; digits > 0; digits--) {
      const digit = this.#take();
      if (!/[\da-fA-F]/.test(digit)) {
        this.#refuse(digit, String.raw`in \u hexadecimal character escape`);
      }
    }
  }

  #number(first: string): void {
    let digit = first;
    if (first === '-') {
      digit = this.#digit('in numeric literal');
    }
    if (digit !== '0') {
      this.#digits();
    }
    if (this.#peek() === '.') {
      this.#at++;
      this.#digit('after decimal point in numeric literal');
      this.#digits();
    }
    if (/^e$/i.test(this.#peek())) {
      this.#at++;
      if (/^[+-]$/.test(this.#peek())) {
        this.#at++;
      }
      this.#digit('in exponent of numeric literal');
      this.#digits();
    }
  }

  #digit(where: string): string {
    const digit = this.#take();
    return /\d/.test(digit) ? digit : this.#refuse(digit, where);
  }

  #digits(): void {
    while (/^\d$/.test(this.#peek())) {
      this.#at++;
    }
  }

  #word(word: string): void {
    for (const expected of word.slice(1)) {
      const next = this.#take();
      if (next !== expected) {
        this.#refuse(next, `in literal ${word} (expecting '${expected}')`);
      }
    }
  }

  #space(): void {
    while (SPACE.test(this.#peek())) {
      this.#at++;
    }
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(): string {
    if (this.#at === this.#text.length) {
      throw new GoJsonError('unexpected EOF');
    }
    return this.#text.charAt(this.#at++);
  }

  #refuse(character: string, where: string): never {
    throw new GoJsonError(`invalid character '${quoted(character)}' ${where}`);
  }
}

/** As Go's `strconv.Quote` writes an octet, but with single quotes around it. */
function quoted(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20 || code === 0x7f) {
    return NAMED[character] ?? `\\x${code.toString(16).padStart(2, '0')}`;
  }
  const unprintable = (code >= 0x80 && code <= 0xa0) || code === 0xad;
  return unprintable ? `\\u${code.toString(16).padStart(4, '0')}` : (NAMED[character] ?? character);
}
