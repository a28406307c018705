import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ConfigError } from './loadOptions.ts';

/**
 * Reads `nodes.yaml`: a list of nodes, bare or under the key `nodes`. The collector checks the entries.
 * @throws ConfigError if it cannot be read or is no list
 */
export function readNodes(path: string): readonly unknown[] {
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`The nodes file ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const nodes = typeof content === 'object' && content !== null && 'nodes' in content ? content.nodes : content;
  if (!Array.isArray(nodes)) throw new ConfigError(`${path} must hold a list of nodes, each with name, msp and kind.`);
  return nodes;
}
