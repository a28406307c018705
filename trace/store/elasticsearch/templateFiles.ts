import { templatesOf } from './mappings.ts';

/** Where they are: `component-templates/NAME.json` and `index-templates/NAME.json` are the bodies of `PUT /_component_template/NAME` and `PUT /_index_template/NAME`. */
export const TEMPLATE_FOLDER = 'elk/elasticsearch';

/**
 * What a store makes by itself when it is opened, as files, for who makes it otherwise; and a lifecycle policy, which a store does
 * not need. By path, relative to the project.
 */
export function templateFiles(): ReadonlyMap<string, string> {
  const { components, custom, indices } = templatesOf();
  const files = new Map<string, string>();
  const put = (path: string, body: object) => files.set(`${TEMPLATE_FOLDER}/${path}.json`, textOf(body));
  for (const { name, body } of [...components, custom]) put(`component-templates/${name}`, body);
  for (const { name, body } of indices) put(`index-templates/${name}`, body);
  put('lifecycle-policy', LIFECYCLE_POLICY);
  return files;
}

/**
 * For full distributions, `PUT /_ilm/policy/ftl`, then `{"index.lifecycle.name": "ftl"}` in the component template `ftl-custom`: older
 * indices move to the nodes of the warm tier, where there are some. It neither rolls over nor deletes nor merges: the first two are
 * FTL's, because only FTL knows which records are still part of a trace, and the third would make an index read-only in which the
 * summary of an old trace may still change.
 */
const LIFECYCLE_POLICY = {
  policy: {
    phases: {
      hot: { min_age: '0ms', actions: { set_priority: { priority: 100 } } },
      warm: { min_age: '14d', actions: { migrate: { enabled: true }, set_priority: { priority: 50 } } },
    },
  },
};

/** As the project's formatter writes JSON: lists of words stand on one line. */
function textOf(body: object): string {
  const text = JSON.stringify(body, null, 2);
  const onOneLine = text.replace(/\[\n\s+("[^"\n]*"(?:,\n\s+"[^"\n]*")*)\n\s+\]/g, (_, words: string) => {
    return `[${words.replace(/\n\s+/g, ' ')}]`;
  });
  return `${onOneLine}\n`;
}
