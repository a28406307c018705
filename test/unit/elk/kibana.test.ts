import { describe, expect, it } from 'vitest';
import { kibanaObjects, RECORD_INDICES, SEARCHES } from '../../../build/elkKibana.ts';
import { POINTS } from '#trace/points.ts';
import { read } from './elkFiles.ts';
import { schemaFields } from './schemaFields.ts';

interface SavedObject {
  readonly type: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly { readonly name: string; readonly type: string; readonly id: string }[];
}

const text = read('kibana/saved-objects.ndjson');
const objects = text
  .split('\n')
  .slice(0, -1)
  .map((line) => JSON.parse(line) as SavedObject);
const fields = schemaFields();

describe("Kibana's saved objects", () => {
  it('are current (node build/elkKibana.ts)', () => {
    expect(text).toBe(kibanaObjects());
  });

  it('are a data view of all records by their time, and searches that refer to it', () => {
    const keys = objects.map(({ type, id }) => `${type}/${id}`);
    expect(new Set(keys).size).toBe(objects.length);
    const [view] = objects;
    expect(view).toMatchObject({
      type: 'index-pattern',
      attributes: { title: RECORD_INDICES, timeFieldName: '@timestamp' },
    });
    for (const { references } of objects)
      for (const { type, id } of references) expect(keys).toContain(`${type}/${id}`);
    for (const { type, attributes, references } of objects.slice(1)) {
      expect(type).toBe('search');
      const { searchSourceJSON } = attributes['kibanaSavedObjectMeta'] as { searchSourceJSON: string };
      const source = JSON.parse(searchSourceJSON) as { indexRefName: string; query: { language: string } };
      expect(references.map(({ name }) => name)).toEqual([source.indexRefName]);
      expect(source.query.language).toBe('kuery');
    }
  });

  it.each(SEARCHES)('$title names only fields that a record has, and points that there are', ({ query, columns }) => {
    for (const column of columns) expect(fields).toContain(column);
    const asked = [...query.matchAll(/([a-z@][\w.@]*)\s*(?::|>=|<=|<|>)/g)].map(([, field]) => field);
    expect(asked.length).toBeGreaterThan(0);
    for (const field of asked) expect(fields).toContain(field);
    for (const [, point] of query.matchAll(/"([a-z]+\.[a-z._]+)"/g)) expect(POINTS).toHaveProperty([point!]);
  });

  it('formats only fields that a record has', () => {
    const formats = JSON.parse(objects[0]!.attributes['fieldFormatMap'] as string) as Record<string, unknown>;
    for (const field of Object.keys(formats)) expect(fields).toContain(field);
  });
});
