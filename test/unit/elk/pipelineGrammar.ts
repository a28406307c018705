/**
 * A reader of Logstash's pipeline language, for tests: sections, plugins with their options, branches with their conditions. It knows the
 * whole of the grammar that Logstash publishes (`lscl_grammar.treetop`) and refuses what that refuses; comments are passed over.
 */
export type Value =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'bareword'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly Value[] }
  | { readonly kind: 'hash'; readonly entries: readonly (readonly [string, Value])[] }
  | { readonly kind: 'plugin'; readonly plugin: Plugin };

export interface Plugin {
  readonly kind: 'plugin';
  readonly name: string;
  readonly options: readonly (readonly [string, Value])[];
  readonly line: number;
}

export type Operand =
  | { readonly kind: 'string' | 'regexp' | 'field'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'array'; readonly items: readonly Value[] };

export type Condition =
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'and' | 'or' | 'xor' | 'nand'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'compare'; readonly operator: string; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'value'; readonly value: Operand };

export interface Branch {
  readonly kind: 'branch';
  /** `if`, then each `else if`; a condition of null is `else`. */
  readonly arms: readonly { readonly condition: Condition | null; readonly body: readonly Statement[] }[];
}

export type Statement = Plugin | Branch;
export interface Section {
  readonly type: 'input' | 'filter' | 'output';
  readonly body: readonly Statement[];
}

/** Where a text stops to be a pipeline. */
export class GrammarError extends Error {
  override readonly name = 'GrammarError';
}

/** @throws GrammarError with line and column */
export function parsePipeline(text: string): readonly Section[] {
  return new Parser(text).config();
}

/** All plugins of a section's body, those in branches too, in their order. */
export function* pluginsIn(body: readonly Statement[]): Generator<Plugin> {
  for (const statement of body) {
    if (statement.kind === 'plugin') yield statement;
    else for (const arm of statement.arms) yield* pluginsIn(arm.body);
  }
}

const SPACE = /(?:[ \t\r\n]+|#[^\r\n]*(?:\r?\n|$))+/y;
const NAME = /[A-Za-z0-9_-]+/y;
const BAREWORD = /[A-Za-z_][A-Za-z0-9_]+/y;
const NUMBER = /-?[0-9]+(?:\.[0-9]*)?/y;
const STRING = /"(?:\\"|[^"])*"|'(?:\\'|[^'])*'/y;
const REGEXP = /\/(?:\\\/|[^/])*\//y;
const FIELD = /(?:\[[^\][,]+\])+/y;
const OPERATOR = /==|!=|<=|>=|=~|!~|<|>|in(?![A-Za-z0-9_])|not[ ]\s*in(?![A-Za-z0-9_])/y;
const BOOLEAN = /(?:and|or|xor|nand)(?![A-Za-z0-9_])/y;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  config(): Section[] {
    const sections: Section[] = [];
    for (this.#space(); this.#at < this.#text.length; this.#space()) {
      const type = this.#match(/(?:input|filter|output)(?![A-Za-z0-9_])/y) ?? this.#fail('input, filter or output');
      sections.push({ type: type as Section['type'], body: this.#block() });
    }
    if (sections.length === 0) this.#fail('a section');
    return sections;
  }

  #block(): Statement[] {
    this.#space();
    this.#expect('{');
    const body: Statement[] = [];
    for (this.#space(); !this.#take('}'); this.#space()) {
      body.push(this.#match(/if(?=[\s([!"'/])/y) === null ? this.#plugin() : this.#branch());
    }
    return body;
  }

  #branch(): Branch {
    const arms: { condition: Condition | null; body: Statement[] }[] = [
      { condition: this.#condition(), body: this.#block() },
    ];
    for (;;) {
      const before = this.#at;
      this.#space();
      if (this.#match(/else(?=[\s{])/y) === null) {
        this.#at = before;
        return { kind: 'branch', arms };
      }
      this.#space();
      const again = this.#match(/if(?=[\s([!"'/])/y) !== null;
      arms.push({ condition: again ? this.#condition() : null, body: this.#block() });
      if (!again) return { kind: 'branch', arms };
    }
  }

  #plugin(): Plugin {
    const line = this.#line();
    const name = this.#string() ?? this.#match(NAME) ?? this.#fail("a plugin's name");
    this.#space();
    this.#expect('{');
    const options: [string, Value][] = [];
    for (let separated = true; ; ) {
      const before = this.#at;
      this.#space();
      if (this.#take('}')) return { kind: 'plugin', name, options, line };
      separated ||= this.#at > before;
      if (!separated) this.#fail('white space between options');
      const option = this.#string() ?? this.#match(NAME) ?? this.#fail("an option's name");
      this.#space();
      this.#expect('=>');
      this.#space();
      options.push([option, this.#value()]);
      separated = false;
    }
  }

  #value(): Value {
    const simple = this.#simpleValue();
    if (simple !== null) return simple;
    const start = this.#at;
    if (this.#match(NAME) !== null) {
      this.#space();
      const isPlugin = this.#text[this.#at] === '{';
      this.#at = start;
      if (isPlugin) return { kind: 'plugin', plugin: this.#plugin() };
      const word = this.#match(BAREWORD);
      if (word !== null) return { kind: 'bareword', text: word };
    }
    return this.#fail('a value');
  }

  #simpleValue(): Value | null {
    const text = this.#string();
    if (text !== null) return { kind: 'string', text };
    const number = this.#match(NUMBER);
    if (number !== null) return { kind: 'number', value: Number(number) };
    if (this.#take('[')) return { kind: 'array', items: this.#items() };
    return this.#take('{') ? { kind: 'hash', entries: this.#entries() } : null;
  }

  #items(): Value[] {
    const items: Value[] = [];
    this.#space();
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.#value());
      this.#space();
      if (this.#take(']')) return items;
      this.#expect(',');
      this.#space();
    }
  }

  #entries(): [string, Value][] {
    const entries: [string, Value][] = [];
    for (this.#space(); !this.#take('}'); this.#space()) {
      const name =
        this.#string() ?? this.#match(NUMBER) ?? this.#match(BAREWORD) ?? this.#fail("an entry's name (no comma here)");
      this.#space();
      this.#expect('=>');
      this.#space();
      entries.push([name, this.#value()]);
    }
    return entries;
  }

  #condition(): Condition {
    let left = this.#expression();
    for (;;) {
      const before = this.#at;
      this.#space();
      const operator = this.#match(BOOLEAN);
      if (operator === null) {
        this.#at = before;
        return left;
      }
      left = { kind: operator as 'and', left, right: this.#expression() };
    }
  }

  #expression(): Condition {
    this.#space();
    if (this.#take('(')) return this.#closed();
    if (this.#take('!')) {
      this.#space();
      if (this.#take('(')) return { kind: 'not', of: this.#closed() };
      const field = this.#match(FIELD) ?? this.#fail('a field or a parenthesis after !');
      return { kind: 'not', of: { kind: 'value', value: { kind: 'field', text: field } } };
    }
    const left = this.#operand();
    const before = this.#at;
    this.#space();
    const operator = this.#match(OPERATOR);
    if (operator === null) {
      this.#at = before;
      return { kind: 'value', value: left };
    }
    this.#space();
    const right = this.#operand();
    if (operator.endsWith('~') && right.kind !== 'regexp' && right.kind !== 'string') this.#fail('a pattern');
    return { kind: 'compare', operator: operator.replace(/\s+/, ' '), left, right };
  }

  #closed(): Condition {
    const condition = this.#condition();
    this.#space();
    this.#expect(')');
    return condition;
  }

  #operand(): Operand {
    const text = this.#string();
    if (text !== null) return { kind: 'string', text };
    const number = this.#match(NUMBER);
    if (number !== null) return { kind: 'number', value: Number(number) };
    const field = this.#match(FIELD);
    if (field !== null) return { kind: 'field', text: field };
    const pattern = this.#match(REGEXP);
    if (pattern !== null) return { kind: 'regexp', text: pattern.slice(1, -1) };
    return this.#take('[') ? { kind: 'array', items: this.#items() } : this.#fail('a field, a value or a pattern');
  }

  /** Text between quotes as it stands: escapes mean nothing unless `config.support_escapes` is on. */
  #string(): string | null {
    return this.#match(STRING)?.slice(1, -1) ?? null;
  }

  #space(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    this.#at += found?.length ?? 0;
    return found;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) this.#fail(token);
  }

  #line(): number {
    return this.#text.slice(0, this.#at).split('\n').length;
  }

  #fail(wanted: string): never {
    const column = this.#at - this.#text.lastIndexOf('\n', this.#at - 1);
    const found = JSON.stringify(this.#text.slice(this.#at, this.#at + 20));
    throw new GrammarError(`line ${this.#line()}, column ${column}: ${wanted} expected, ${found} found`);
  }
}
