import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const ELK = `${ROOT}elk/`;

export type Yaml = null | boolean | number | string | Yaml[] | { [key: string]: Yaml };
export type YamlMap = { [key: string]: Yaml };

/** Text of a file under `elk/`. */
export function read(path: string): string {
  return readFileSync(ELK + path, 'utf8');
}

/** Paths under `elk/` that fit, sorted. */
export function list(pattern: string): string[] {
  return globSync(pattern, { cwd: ELK }).toSorted();
}

/** All documents of a YAML file. Keys that stand twice, unknown anchors and the like are errors. */
export function readYaml(path: string): Yaml[] {
  return parseAllDocuments(read(path), { merge: true, uniqueKeys: true }).map((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) throw new Error(`${path}: ${error.message}`, { cause: error });
    return document.toJS() as Yaml;
  });
}

export function mapOf(value: Yaml | undefined): YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

export function listOf(value: Yaml | undefined): Yaml[] {
  return Array.isArray(value) ? value : [];
}

/** A scalar as it is written; '' for what is none. */
export function textOf(value: Yaml | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `${value}` : '';
}

/** Every text in a value, wherever it stands. */
export function* textsIn(value: Yaml): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (Array.isArray(value)) for (const item of value) yield* textsIn(item);
  else if (value !== null && typeof value === 'object') for (const item of Object.values(value)) yield* textsIn(item);
}
