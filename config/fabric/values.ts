import { isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import type { KeyKind } from './keySpec.ts';

/** Nanoseconds of the units that Go's durations have. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const DURATION = /^([+-])?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const SIZE = /^(\d+)\s*([kmg])?b?$/i;
const SIZES: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False', '']);

/** What a key of each kind gives: durations in milliseconds, sizes in bytes. */
export interface KindValues {
  text: string;
  switch: boolean;
  count: number;
  number: number;
  duration: number;
  size: number;
  path: string;
  texts: readonly string[];
  paths: readonly string[];
  structure: unknown;
}

/** A value as Go's tools read it (spf13/viper, cast). @returns null where it is not of the kind */
export function readValue(kind: KeyKind, value: unknown, folder: string): unknown {
  switch (kind) {
    case 'text':
      return isScalar(value) ? String(value) : null;
    case 'switch':
      return typeof value === 'boolean' ? value : readSwitch(String(value));
    case 'count':
      return readNumber(value, /^\d+$/);
    case 'number':
      return readNumber(value, /^-?\d+(?:\.\d+)?$/);
    case 'duration':
      return readDuration(value);
    case 'size':
      return readSize(value);
    case 'path':
      return isScalar(value) ? inFolder(String(value), folder) : null;
    case 'texts':
      return readList(value);
    case 'paths':
      return readList(value)?.map((path) => inFolder(path, folder)) ?? null;
    default:
      return value;
  }
}

/** An environment variable's value, in the form that a YAML file would give it. */
export function fromEnvironment(kind: KeyKind, text: string): unknown {
  if (kind === 'structure') {
    return parse(text);
  }
  return kind === 'texts' || kind === 'paths'
    ? text
        .replace(/^\[(.*)\]$/, '$1')
        .split(/[\s,]+/)
        .filter((one) => one !== '')
    : text;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function readSwitch(text: string): boolean | null {
  return TRUE.has(text) ? true : FALSE.has(text) ? false : null;
}

function readNumber(value: unknown, form: RegExp): number | null {
  const text = String(value).trim();
  return form.test(text) && Number.isSafeInteger(Math.trunc(Number(text))) ? Number(text) : null;
}

function readDuration(value: unknown): number | null {
  const text = String(value).trim();
  if (/^\d+$/.test(text)) {
    return Number(text) / 1e6;
  }
  const match = DURATION.exec(text);
  if (match === null) {
    return null;
  }
  let nanoseconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    nanoseconds += Number(amount) * (UNITS[unit as string] as number);
  }
  return ((match[1] === '-' ? -1 : 1) * nanoseconds) / 1e6;
}

function readSize(value: unknown): number | null {
  const match = SIZE.exec(String(value).trim());
  const bytes = match === null ? Number.NaN : Number(match[1]) * (SIZES[(match[2] ?? '').toLowerCase()] ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

function readList(value: unknown): readonly string[] | null {
  const list = Array.isArray(value)
    ? value
    : isScalar(value)
      ? (fromEnvironment('texts', String(value)) as unknown[])
      : null;
  return list !== null && list.every(isScalar) ? list.map(String) : null;
}

function inFolder(path: string, folder: string): string {
  return path === '' || isAbsolute(path) ? path : join(folder, path);
}
