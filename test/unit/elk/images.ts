import { list, listOf, mapOf, read, readYaml, textOf, type Yaml } from './elkFiles.ts';

/** Every image that is named under `elk/`, by repository: tag → the files that name it. */
export function imagesUsed(): ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> {
  const used = new Map<string, Map<string, string[]>>();
  const add = (image: string, path: string): void => {
    const colon = image.lastIndexOf(':');
    const [repository, tag] = colon < 0 ? [image, ''] : [image.slice(0, colon), image.slice(colon + 1)];
    const tags = used.get(repository) ?? new Map<string, string[]>();
    tags.set(tag, [...(tags.get(tag) ?? []), path]);
    used.set(repository, tags);
  };
  for (const path of list('**/*.{yml,yaml}')) {
    for (const document of readYaml(path)) for (const image of valuesOf(document, 'image')) add(image, path);
  }
  for (const [, image] of read('Dockerfile').matchAll(/^ARG NODE_IMAGE=(\S+)$/gm)) add(image!, 'Dockerfile');
  for (const path of list('kubernetes/eck/*.yaml')) {
    for (const document of readYaml(path)) {
      const { kind, spec } = mapOf(document);
      const { version } = mapOf(spec);
      const name = textOf(kind).toLowerCase();
      if (version !== undefined) add(`docker.elastic.co/${name}/${name}:${textOf(version)}`, path);
    }
  }
  return used;
}

/** The texts under a key, wherever it stands. */
function* valuesOf(value: Yaml, key: string): Generator<string> {
  for (const item of listOf(value)) yield* valuesOf(item, key);
  for (const [name, inner] of Object.entries(mapOf(value))) {
    if (name === key && typeof inner === 'string') yield inner;
    else yield* valuesOf(inner, key);
  }
}
