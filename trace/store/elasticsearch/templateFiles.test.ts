import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { recordJsonSchema } from '../../record.ts';
import { recordMapping } from './mappings.ts';
import { TEMPLATE_FOLDER, templateFiles } from './templateFiles.ts';

const root = new URL('../../../', import.meta.url);

it('committed the templates that this schema gives, and no others', () => {
  const files = templateFiles();
  for (const [path, text] of files) expect(readFileSync(new URL(path, root), 'utf8'), path).toBe(text);
  const there = readdirSync(new URL(TEMPLATE_FOLDER, root), { recursive: true, encoding: 'utf8' });
  const committed = there.filter((name) => name.endsWith('.json')).map((name) => `${TEMPLATE_FOLDER}/${name}`);
  expect(committed.toSorted()).toEqual([...files.keys()].toSorted());
});

it('maps no field that the schema does not have, each by its type', () => {
  const types: Readonly<Record<string, readonly string[]>> = {
    string: ['keyword', 'date_nanos'],
    integer: ['long'],
    number: ['double'],
    boolean: ['boolean'],
  };
  interface Node {
    readonly type?: string;
    readonly properties?: Readonly<Record<string, Node>>;
    readonly items?: Node;
  }
  const schemaTypes = new Map<string, string>();
  const walk = (node: Node, path: string) => {
    const { properties, type } = node.items ?? node;
    for (const [name, child] of Object.entries(properties ?? {})) walk(child, path === '' ? name : `${path}.${name}`);
    if (properties === undefined && type !== undefined) schemaTypes.set(path, type);
  };
  walk(recordJsonSchema(), '');
  const mapped = new Map<string, string>();
  const check = ({ properties, type }: Node, path: string) => {
    if (properties === undefined && type !== undefined) mapped.set(path, type);
    for (const [name, child] of Object.entries(properties ?? {})) check(child, path === '' ? name : `${path}.${name}`);
  };
  const { ftl_record: wrapped, ...properties } = recordMapping()['properties'] as Record<string, Node>;
  check({ properties }, '');
  expect(wrapped).toEqual({ type: 'keyword', index: false, doc_values: false });
  for (const [path, type] of mapped) expect(types[schemaTypes.get(path) ?? ''], path).toContain(type);
  expect(mapped.get('ftl.tx_id')).toBe('keyword');
  expect(mapped.size).toBe(21);
});
