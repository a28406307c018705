import { describe, expect, it } from 'vitest';
import { firstJsonValue, goKind } from './goJson.ts';

const read = (text: string): unknown => firstJsonValue(Buffer.from(text));

describe('the first JSON value of a text', () => {
  it.each([
    ['{}', {}],
    [' {"a": [1, -2.5e+3, {"b": null}], "c" : "d\\u00e9\\n"} {', { a: [1, -2500, { b: null }], c: 'dé\n' }],
    ['[]x', []],
    ['0x', 0],
    ['"é" and more', 'é'],
    ['true', true],
    ['[[], [false]]]', [[], [false]]],
  ])('of %s', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  // What Go 1.24 says.
  it.each([
    ['', 'EOF'],
    [' \n', 'EOF'],
    ['{', 'unexpected EOF'],
    ['{"spec"', 'unexpected EOF'],
    ['"spec', 'unexpected EOF'],
    ['debug', "invalid character 'd' looking for beginning of value"],
    ['{spec:1}', "invalid character 's' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['"a\nb"', String.raw`invalid character '\n' in string literal`],
    [String.raw`"\x"`, "invalid character 'x' in string escape code"],
    [String.raw`"\u00g0"`, String.raw`invalid character 'g' in \u hexadecimal character escape`],
    ['-a', "invalid character 'a' in numeric literal"],
    ['1.a', "invalid character 'a' after decimal point in numeric literal"],
    ['1ea', "invalid character 'a' in exponent of numeric literal"],
    ['trve', "invalid character 'v' in literal true (expecting 'u')"],
    ["{'a':1}", String.raw`invalid character '\'' looking for beginning of object key string`],
    ['é', "invalid character 'Ã' looking for beginning of value"],
    ['\0', String.raw`invalid character '\x00' looking for beginning of value`],
    ['['.repeat(10_001), "invalid character '[' exceeded max depth"],
  ])('of %j is refused', (text, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'bad_json', message }));
  });

  it('may be nested deeply', () => {
    expect(read(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)).toBeInstanceOf(Array);
  });
});

it.each([
  [[], 'array'],
  [{}, 'object'],
  [1, 'number'],
  ['', 'string'],
  [false, 'bool'],
])('%j is what Go calls %s', (value, kind) => {
  expect(goKind(value)).toBe(kind);
});
