import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LOGSTASH_FILES } from '../../../build/elkLogstash.ts';
import { ftlRecord } from '#collector/decoders/ftlRecord.ts';
import { POINT_NAMES, POINTS } from '#trace/points.ts';
import { indexNames } from '#trace/store/elasticsearch/indices.ts';
import { list, listOf, mapOf, read, readYaml, textOf as scalar, type YamlMap } from './elkFiles.ts';
import { faultsOf } from './logstashPlugins.ts';
import { type Condition, type Operand, parsePipeline, type Plugin, pluginsIn, type Value } from './pipelineGrammar.ts';
import { LINE_FILES, linesOf } from './recordFilter.ts';
import { schemaFields } from './schemaFields.ts';

const FILES = list('logstash/pipeline/*.conf');
const sections = (path: string) => parsePipeline(read(path));
const plugins = FILES.flatMap((path) =>
  sections(path).flatMap(({ type, body }) => [...pluginsIn(body)].map((plugin) => ({ path, type, plugin }))),
);

function optionOf(plugin: Plugin, name: string): Value | undefined {
  return plugin.options.find(([option]) => option === name)?.[1];
}

function textsOf(value: Value | undefined): string[] {
  if (value?.kind === 'string' || value?.kind === 'bareword') return [value.text];
  return value?.kind === 'array' ? value.items.flatMap(textsOf) : [];
}

const named = (type: string, name: string) =>
  plugins.filter((one) => one.type === type && one.plugin.name === name).map(({ plugin }) => plugin);

describe("Logstash's pipelines", () => {
  it.each(FILES)('%s is of known plugins with known options', (path) => {
    for (const { type, body } of sections(path)) {
      for (const plugin of pluginsIn(body)) expect(faultsOf(type, plugin)).toEqual([]);
    }
  });

  it('are all started, each with an ID of its own, and no plugin has the ID of another', () => {
    const pipelines = listOf(readYaml('logstash/pipelines.yml')[0]).map(mapOf);
    const paths = pipelines.map((pipeline) => scalar(pipeline['path.config']));
    expect(paths.toSorted()).toEqual(FILES.map((path) => path.replace('logstash/', '/usr/share/logstash/')));
    for (const pipeline of pipelines)
      expect(pipeline['path.config']).toMatch(`/${scalar(pipeline['pipeline.id'])}.conf`);
    const ids = plugins.flatMap(({ plugin }) => textsOf(optionOf(plugin, 'id')));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are set by settings that Logstash has', () => {
    const perPipeline =
      /^(path\.config|pipeline\.(id|workers|ordered|batch\.size)|queue\.type|dead_letter_queue\.enable)$/;
    for (const pipeline of listOf(readYaml('logstash/pipelines.yml')[0])) {
      for (const key of Object.keys(mapOf(pipeline))) expect(key).toMatch(perPipeline);
    }
    const known = new Set(
      `node.name path.data api.http.host api.http.port log.level log.format pipeline.ecs_compatibility pipeline.unsafe_shutdown
      queue.type queue.max_bytes queue.page_capacity queue.checkpoint.writes dead_letter_queue.enable
      dead_letter_queue.max_bytes dead_letter_queue.flush_interval dead_letter_queue.storage_policy`.split(/\s+/),
    );
    const settings = mapOf(readYaml('logstash/logstash.yml')[0]);
    expect(Object.keys(settings).filter((key) => !known.has(key))).toEqual([]);
    expect(settings).toMatchObject({ 'queue.type': 'persisted', 'dead_letter_queue.enable': true });
  });

  it('hand on to each other what is awaited there', () => {
    const addresses = named('input', 'pipeline').flatMap((plugin) => textsOf(optionOf(plugin, 'address')));
    const sentTo = named('output', 'pipeline').flatMap((plugin) => textsOf(optionOf(plugin, 'send_to')));
    expect(addresses.toSorted()).toEqual([...new Set(sentTo)].toSorted());
  });

  it('keep the lines of stock logs in their order', () => {
    const pipelines = listOf(readYaml('logstash/pipelines.yml')[0]).map(mapOf);
    const byId = new Map(pipelines.map((pipeline): [unknown, YamlMap] => [pipeline['pipeline.id'], pipeline]));
    for (const id of ['intake', 'fabric'])
      expect(byId.get(id)).toMatchObject({ 'pipeline.workers': 1, 'pipeline.ordered': true });
  });

  it('write records where FTL does, under the ID that the filter made, and leave templates to FTL', () => {
    const [output, ...others] = named('output', 'elasticsearch');
    expect(others).toEqual([]);
    const given = Object.fromEntries(output!.options.map(([name, value]) => [name, textsOf(value).join()]));
    expect(given).toMatchObject({
      index: '%{[@metadata][index]}',
      document_id: '%{[@metadata][id]}',
      action: 'create',
      manage_template: 'false',
      ilm_enabled: 'false',
      data_stream: 'false',
      ssl_enabled: 'true',
    });
  });

  it("choose the index by what a record is about, as FTL's store does", () => {
    const filter = sections('logstash/pipeline/records.conf').find(({ type }) => type === 'filter')!;
    const branch = filter.body.find((statement) => statement.kind === 'branch')!;
    const [first, other] = branch.arms;
    const condition = first!.condition!;
    if (condition.kind !== 'compare' || condition.right.kind !== 'array')
      throw new Error('a list of points is awaited');
    expect([condition.left, condition.operator]).toEqual([{ kind: 'field', text: '[ftl][point]' }, 'in']);
    const network = POINT_NAMES.filter((point) => POINTS[point].scope === 'network');
    expect(condition.right.items.flatMap(textsOf).toSorted()).toEqual(network.toSorted());
    expect(other?.condition).toBeNull();
    const indices = branch.arms.map(({ body }) => {
      const [plugin] = pluginsIn(body);
      const added = optionOf(plugin!, 'add_field');
      return added?.kind === 'hash' ? added.entries.map(([field, value]) => [field, textsOf(value)[0]]) : [];
    });
    const { records, network: facts } = indexNames();
    expect(indices).toEqual([[['[@metadata][index]', facts]], [['[@metadata][index]', records]]]);
  });

  it('read dead letters of a pipeline that writes them', () => {
    const ids = listOf(readYaml('logstash/pipelines.yml')[0]).map((pipeline) => mapOf(pipeline)['pipeline.id']);
    for (const plugin of named('input', 'dead_letter_queue')) {
      expect(ids).toContain(textsOf(optionOf(plugin, 'pipeline_id'))[0]);
    }
  });
});

describe('what is a record', () => {
  const output = sections('logstash/pipeline/intake.conf').find(({ type }) => type === 'output')!;
  const [branch] = output.body;
  const arms = branch?.kind === 'branch' ? branch.arms : [];

  it('goes to the pipeline of records, all else to the other', () => {
    const targets = arms.map(({ body }) =>
      [...pluginsIn(body)].flatMap((plugin) => textsOf(optionOf(plugin, 'send_to'))),
    );
    expect(targets).toEqual([['records'], ['fabric']]);
    expect(arms[1]?.condition).toBeNull();
  });

  it("is what the collector's decoder takes for one, line by line of real logs", () => {
    const lines = [...realLines(), ...LINE_FILES.flatMap(linesOf), ...CORNERS];
    const condition = arms[0]!.condition!;
    const wrong = lines.filter((line) => holds(condition, { '[message]': line }) !== ftlRecord.accepts(line));
    expect(wrong).toEqual([]);
    expect(lines.filter((line) => ftlRecord.accepts(line)).length).toBeGreaterThan(50);
    expect(lines.length).toBeGreaterThan(5000);
  });
});

const CORNERS = [
  '',
  ' {"ftl":{}}',
  'x\n{"ftl":{}}',
  '{"a":1,\n"ftl":{}}',
  '{"level":"info","ts":1,"name":"endorser","msg":"{\\"ftl\\":1}","ftl":1}',
  `{"level":"${'x'.repeat(100)}","name":"endorser","ftl":1}`,
  `{"level":"${'x'.repeat(107)}","name":"endorser","ftl":1}`,
  `{"level":"${'x'.repeat(108)}","name":"endorser","ftl":1}`,
  `{"level":"${'x'.repeat(109)}","name":"endorser","ftl":1}`,
  `{"level":"${'x'.repeat(200)}","name":"endorser","ftl":1}`,
];

function* realLines(): Generator<string> {
  const vectors = new URL('../../vectors/', import.meta.url);
  for (const folder of ['fabric-v3.1.5/logs/', 'fabric-v2.5.9/logs/']) {
    const place = new URL(folder, vectors);
    for (const file of readdirSync(place)) {
      const bytes = readFileSync(new URL(file, place));
      const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      yield* text.split('\n').slice(0, 2000);
    }
  }
}

/** Whether a condition holds for an event, as Logstash would say; for what the pipelines use. */
function holds(condition: Condition, event: Readonly<Record<string, string>>): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, event) && holds(condition.right, event);
    case 'or':
      return holds(condition.left, event) || holds(condition.right, event);
    case 'not':
      return !holds(condition.of, event);
    case 'compare': {
      if (!condition.operator.endsWith('~')) throw new Error(`${condition.operator} is not reckoned here`);
      const found = patternOf(condition.right).test(event[fieldOf(condition.left)] ?? '');
      return condition.operator === '=~' ? found : !found;
    }
    default:
      throw new Error(`${condition.kind} is not reckoned here`);
  }
}

function fieldOf(operand: Operand): string {
  if (operand.kind !== 'field') throw new Error('a field is awaited');
  return operand.text;
}

/** Ruby's \A is JavaScript's ^; Ruby's dot too stops at the end of a line. */
function patternOf(operand: Operand): RegExp {
  if (operand.kind !== 'regexp') throw new Error('a pattern is awaited');
  return new RegExp(operand.text.replaceAll('\\A', '^'), 'u');
}

describe('the filter of records', () => {
  it.each(Object.entries(LOGSTASH_FILES))('%s is current (node build/elkLogstash.ts)', (path, make) => {
    expect(read(path.replace('elk/', ''))).toBe(make());
  });

  it('names only fields that a record has', () => {
    const script = read('logstash/ruby/ftl_record.rb');
    const fields = schemaFields();
    const nested = /NESTED = (\[.*\])\.freeze/
      .exec(script)![1]!
      .replaceAll(/%w\[([^\]]*)\]/g, (_, words: string) => JSON.stringify(words.split(' ')));
    const groups = JSON.parse(nested.replaceAll("'", '"')) as [string, string[]][];
    const names = groups.flatMap(([group, own]) => own.map((name) => `${group}.${name}`));
    for (const name of [...names, 'service.type', 'service.node.name', 'ftl.point']) expect(fields).toContain(name);
  });

  it('is found where Logstash looks for it', () => {
    const filter = named('filter', 'ruby').find((plugin) => optionOf(plugin, 'path') !== undefined);
    const mounted = list('logstash/ruby/*').map((path) => `/usr/share/${path}`);
    expect(mounted).toContain(textsOf(optionOf(filter!, 'path'))[0]);
    const parameters = optionOf(filter!, 'script_params');
    const schema = parameters?.kind === 'hash' ? parameters.entries.map(([, value]) => textsOf(value)[0]) : [];
    for (const path of schema) expect(mounted).toContain(path);
  });
});
