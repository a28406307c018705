import { recordJsonSchema } from '#trace/record.ts';

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

/** Every field that a record may have, by the path that Elasticsearch knows it by: `ftl.block.number`. */
export function schemaFields(): ReadonlySet<string> {
  const fields = new Set<string>();
  collect(recordJsonSchema(), '', fields);
  return fields;
}

function collect(schema: JsonSchema, path: string, into: Set<string>): void {
  if (schema.items !== undefined) collect(schema.items, path, into);
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const own = path === '' ? name : `${path}.${name}`;
    into.add(own);
    collect(inner, own, into);
  }
}
