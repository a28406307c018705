import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse } from 'yaml';
import { ConfigError } from './loadOptions.ts';

/** Nodes whose blocks are followed; the collector checks the entries. */
export interface DeliverList {
  readonly targets: unknown;
  /** In which relative paths of the list begin. */
  readonly folder: string;
}

/**
 * The list itself, as `ftl.yaml` may hold it, or that of a file: bare or under the key `deliver`.
 * @throws ConfigError if the file cannot be read or holds no list
 */
export function readDeliver(option: string | readonly unknown[]): DeliverList {
  if (typeof option !== 'string') return { targets: option, folder: '.' };
  if (option === '') return { targets: [], folder: '.' };
  let content: unknown;
  try {
    content = parse(readFileSync(option, 'utf8'));
  } catch (error) {
    throw new ConfigError(`The deliver file ${option} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const targets = typeof content === 'object' && content !== null && 'deliver' in content ? content.deliver : content;
  if (!Array.isArray(targets)) {
    throw new ConfigError(`${option} must hold a list of nodes, each with address, mspId, msp and channels.`);
  }
  return { targets, folder: dirname(option) };
}
