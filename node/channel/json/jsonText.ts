import { compareBytes } from '../wire.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/**
 * JSON as configtxlator prints it: keys in the order of their bytes, one tab a level, a new line at the end, and the characters
 * escaped that Go's encoder escapes for HTML.
 */
export function printJson(json: Json): string {
  return `${print(json, '')}\n`;
}

/** Not `JSON.stringify`, which puts keys that look like numbers first. */
function print(value: Json, indent: string): string {
  const inner = `${indent}\t`;
  if (Array.isArray(value)) {
    return value.length === 0 ? '[]' : `[\n${value.map((one) => inner + print(one, inner)).join(',\n')}\n${indent}]`;
  }
  if (isObject(value)) {
    const members = Object.keys(value)
      .toSorted(compareBytes)
      .map((key) => `${inner}${text(key)}: ${print(value[key] as Json, inner)}`);
    return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
  }
  return typeof value === 'string' ? text(value) : JSON.stringify(value);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: string): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/gu,
    (character) => `\\u${(character.codePointAt(0) as number).toString(16).padStart(4, '0')}`,
  );
}
