import { hash } from 'node:crypto';
import type { Mark } from './documents.ts';

export const DEFAULT_PREFIX = 'ftl';
/** Of the documents and mappings; a store of a newer version is refused. */
export const SCHEMA_VERSION = 1;

/**
 * Names of a store's indices. `records` and `traces` are aliases: what is written goes to the newest index behind them
 * (`ftl-records-000001`, …), reading asks all. The others are indices themselves, small and never rolled over.
 */
export interface IndexNames {
  readonly prefix: string;
  readonly records: string;
  readonly traces: string;
  readonly network: string;
  readonly blocks: string;
  readonly state: string;
}

/** @param prefix lower-case letters, digits, `-`, `_`; begins with a letter */
export function indexNames(prefix: string = DEFAULT_PREFIX): IndexNames {
  return {
    prefix,
    records: `${prefix}-records`,
    traces: `${prefix}-traces`,
    network: `${prefix}-network`,
    blocks: `${prefix}-blocks`,
    state: `${prefix}-state`,
  };
}

/** The pattern of the indices behind an alias: not the alias itself. */
export function behind(alias: string): string {
  return `${alias}-*`;
}

/** The name of a new index behind an alias: higher than any of those that are known, of other indices or with what follows a slash too. */
export function nextBehind(alias: string, known: readonly string[]): string {
  const numbers = known.map((name) =>
    name.startsWith(`${alias}-`) ? Number.parseInt(name.slice(alias.length + 1), 10) : 0,
  );
  const next = 1 + numbers.reduce((highest, number) => (number > highest ? number : highest), 0);
  return `${alias}-${String(next).padStart(6, '0')}`;
}

export const FOLLOWER_ID = 'follower';

export function blockId(channel: string, number: number): string {
  return hash('sha256', `block\0${channel}\0${number}`).slice(0, 32);
}

/** ID of a document of `state`; `key` is what it is about, in one text. */
export function stateId(kind: string, ...key: readonly string[]): string {
  return hash('sha256', `${kind}\0${key.join('\0')}`).slice(0, 32);
}

export function markId(mark: Mark): string {
  return stateId('mark', JSON.stringify(mark));
}
