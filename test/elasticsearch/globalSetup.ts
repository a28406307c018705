import type { TestProject } from 'vitest/node';
import { ElasticsearchNode } from '../harness/elasticsearch.ts';
import { elasticsearchPlace } from '../harness/elasticsearchDistribution.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the cluster that the whole run shares; each test file takes an index prefix of its own. */
    readonly elasticsearchUrl: string;
  }
}

/** One cluster for the whole run: that of ELASTICSEARCH_URL, else a node started now. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const place = elasticsearchPlace();
  if ('notThere' in place) throw new Error(place.notThere);
  if ('url' in place) {
    project.provide('elasticsearchUrl', place.url);
    return async () => {};
  }
  const node = await ElasticsearchNode.start();
  project.provide('elasticsearchUrl', node.url);
  return () => node.stop();
}
