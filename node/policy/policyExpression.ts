import { PolicyError } from './policyError.ts';

/** Nesting of calls in a policy's text. */
const MAX_DEPTH = 100;

export type Value = string | number | boolean | object;
export type PolicyFunction = (args: readonly Value[]) => Value;

type Token =
  | { readonly kind: 'name' | 'string' | 'mark'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'end'; readonly text: '' };

/**
 * Evaluates what policies are written in: calls of functions with names, quoted text and numbers. (Go's evaluators know a whole
 * expression language; arithmetic in a policy is refused here.)
 *
 * @throws PolicyError `syntax`
 */
export function evaluateExpression(
  text: string,
  functions: Readonly<Record<string, PolicyFunction>>,
  variables: Readonly<Record<string, Value>> = {},
): Value {
  const tokens = tokenize(text);
  let at = 0;
  const next = (): Token => tokens[at++] ?? { kind: 'end', text: '' };
  const expect = (mark: string): void => {
    const token = next();
    if (token.kind !== 'mark' || token.text !== mark) {
      throw unexpected(token);
    }
  };

  const value = (depth: number): Value => {
    if (depth > MAX_DEPTH) {
      throw new PolicyError('too_complex', `a policy of more than ${MAX_DEPTH} levels`);
    }
    const token = next();
    switch (token.kind) {
      case 'string':
        return token.text;
      case 'number':
        return Number(token.text);
      case 'name':
        return named(token.text, depth);
      default: {
        if (token.text === '-') {
          const number = next();
          if (number.kind === 'number') {
            return -Number(number.text);
          }
          throw unexpected(number);
        }
        if (token.text !== '(') {
          throw unexpected(token);
        }
        const inner = value(depth + 1);
        expect(')');
        return inner;
      }
    }
  };

  const named = (name: string, depth: number): Value => {
    if (name === 'true' || name === 'false') {
      return name === 'true';
    }
    const call = tokens[at];
    if (call === undefined || call.text !== '(' || call.kind !== 'mark') {
      const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
      if (variable === undefined) {
        throw unknownName(name);
      }
      return variable;
    }
    const run = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (run === undefined) {
      throw unknownName(name);
    }
    at++;
    const args: Value[] = [];
    if (tokens[at]?.text === ')' && tokens[at]?.kind === 'mark') {
      at++;
      return run(args);
    }
    for (;;) {
      args.push(value(depth + 1));
      const token = next();
      if (token.kind !== 'mark' || (token.text !== ',' && token.text !== ')')) {
        throw unexpected(token);
      }
      if (token.text === ')') {
        return run(args);
      }
    }
  };

  const result = value(0);
  const last = next();
  if (last.kind !== 'end') {
    throw unexpected(last);
  }
  return result;
}

const SKIP = /\s*/y;
const NUMBER = /(?:\d+(?:\.\d+)?)/y;
/** Dots too: an unquoted principal is told of as a whole. */
const NAME = /[A-Za-z_$][\w$]*(?:[.-][\w$]+)*/y;
const STRING = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/sy;

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    at += found?.[0].length ?? 0;
    return found;
  };
  for (match(SKIP); at < text.length; match(SKIP)) {
    const number = match(NUMBER);
    const name = number === null ? match(NAME) : null;
    const quoted = number === null && name === null ? match(STRING) : null;
    if (number !== null) {
      tokens.push({ kind: 'number', text: number[0] });
    } else if (name !== null) {
      tokens.push({ kind: 'name', text: name[0] });
    } else if (quoted !== null) {
      tokens.push({ kind: 'string', text: (quoted[1] ?? quoted[2] ?? '').replaceAll(/\\(.)/gs, '$1') });
    } else if ('(),-'.includes(text[at] as string)) {
      tokens.push({ kind: 'mark', text: text[at++] as string });
    } else {
      throw new PolicyError('syntax', `unexpected ${JSON.stringify(text[at])} at character ${at + 1} of the policy`);
    }
  }
  return tokens;
}

function unexpected(token: Token): PolicyError {
  return new PolicyError('syntax', token.kind === 'end' ? 'unexpected token EOF' : `unexpected token ${token.text}`);
}

function unknownName(name: string): PolicyError {
  return new PolicyError('syntax', `unrecognized token '${name}' in policy string: unknown name ${name}`);
}
