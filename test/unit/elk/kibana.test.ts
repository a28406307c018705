import { describe, expect, it } from 'vitest';
import { kibanaObjects, RECORD_VIEW, SEARCHES, TRACE_VIEW } from '../../../build/elkKibana.ts';
import { POINTS } from '#trace/points.ts';
import { recordMapping, SUMMARY_MAPPING } from '#trace/store/elasticsearch/mappings.ts';
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
/** What documents hold, and what of it can be asked for. */
const FIELDS = {
  [RECORD_VIEW.id]: { held: schemaFields(), asked: mappedFields(recordMapping()) },
  [TRACE_VIEW.id]: { held: mappedFields(SUMMARY_MAPPING), asked: mappedFields(SUMMARY_MAPPING) },
};

function mappedFields(mapping: object, path = '', into = new Set<string>()): ReadonlySet<string> {
  const { properties = {} } = mapping as { properties?: Readonly<Record<string, object>> };
  for (const [name, inner] of Object.entries(properties)) {
    into.add(path + name);
    mappedFields(inner, `${path}${name}.`, into);
  }
  return into;
}

describe("Kibana's saved objects", () => {
  it('are current (node build/elkKibana.ts)', () => {
    expect(text).toBe(kibanaObjects());
  });

  it('are data views of all records and traces by their time, and searches that refer to them', () => {
    const keys = objects.map(({ type, id }) => `${type}/${id}`);
    expect(new Set(keys).size).toBe(objects.length);
    const views = objects.filter(({ type }) => type === 'index-pattern');
    expect(views.map(({ attributes }) => [attributes['title'], attributes['timeFieldName']])).toEqual([
      [RECORD_VIEW.indices, '@timestamp'],
      [TRACE_VIEW.indices, '@timestamp'],
    ]);
    for (const { references } of objects)
      for (const reference of references) expect(keys).toContain(`${reference.type}/${reference.id}`);
    for (const { type, attributes, references } of objects.filter((object) => object.type !== 'index-pattern')) {
      expect(type).toBe('search');
      const { searchSourceJSON } = attributes['kibanaSavedObjectMeta'] as { searchSourceJSON: string };
      const source = JSON.parse(searchSourceJSON) as { indexRefName: string; query: { language: string } };
      expect(references.map(({ name }) => name)).toEqual([source.indexRefName]);
      expect(source.query.language).toBe('kuery');
    }
  });

  it.each(SEARCHES)(
    '$title names only fields that there are, asks only for those that are indexed',
    ({ view, query, columns }) => {
      const { held, asked: askable } = FIELDS[view.id]!;
      for (const column of columns) expect(held).toContain(column);
      const asked = [...query.matchAll(/([a-z@][\w.@]*)\s*(?::|>=|<=|<|>)/g)].map(([, field]) => field);
      expect(asked.length).toBeGreaterThan(0);
      for (const field of asked) expect(askable).toContain(field);
      for (const [, point] of query.matchAll(/"([a-z]+\.[a-z._]+)"/g)) expect(POINTS).toHaveProperty([point!]);
    },
  );

  it.each([RECORD_VIEW, TRACE_VIEW])('$name formats only fields that there are', ({ id, formats }) => {
    for (const field of Object.keys(formats)) expect(FIELDS[id]!.held).toContain(field);
  });
});
