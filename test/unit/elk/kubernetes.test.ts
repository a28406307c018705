import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOLDERS } from '../../../elk/setup/certificates.ts';
import { environmentName, OPTIONS } from '#config/options.ts';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { ELK, list, listOf, mapOf, read, readYaml, textOf, type Yaml, type YamlMap } from './elkFiles.ts';

const ROOT = 'kubernetes/kustomization.yaml';

/** A kustomization with those that it takes in. */
function kustomizations(path: string): { readonly path: string; readonly content: YamlMap }[] {
  const content = mapOf(readYaml(path)[0]);
  const inner = resourcesOf(path, content).filter((resource) => resource.endsWith('kustomization.yaml'));
  return [{ path, content }, ...inner.flatMap(kustomizations)];
}

function resourcesOf(path: string, content: YamlMap): string[] {
  return listOf(content['resources']).map((resource) => {
    const target = normalize(join(dirname(path), textOf(resource)));
    return /\.ya?ml$/.test(target) ? target : join(target, 'kustomization.yaml');
  });
}

const all = kustomizations(ROOT);
const manifests = all
  .flatMap(({ path, content }) => resourcesOf(path, content))
  .filter((path) => !path.endsWith('kustomization.yaml'));
const objects = manifests.flatMap((path) => readYaml(path)).map(mapOf);
const nameOf = (object: YamlMap) => textOf(mapOf(object['metadata'])['name']);
const ofKind = (kind: string) => objects.filter((object) => object['kind'] === kind);

/** What generators make, by name: the keys under which it holds something. */
function generated(generator: 'configMapGenerator' | 'secretGenerator'): Map<string, string[]> {
  const made = new Map<string, string[]>();
  for (const { path, content } of all) {
    for (const one of listOf(content[generator]).map(mapOf)) {
      const files = listOf(one['files']).map((file) => textOf(file).split('/').at(-1)!);
      const lists = listOf(one['envs']).flatMap((file) => {
        const example = read(join(dirname(path), `${textOf(file)}.example`));
        return [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name!);
      });
      made.set(textOf(one['name']), [...files, ...lists]);
    }
  }
  return made;
}

const configMaps = generated('configMapGenerator');
const secrets = generated('secretGenerator');
/** Made by Elastic's operator. */
secrets.set('ftl-es-elastic-user', ['elastic']);

const workloads = ['StatefulSet', 'DaemonSet', 'Job'].flatMap(ofKind).map((object) => {
  const template = mapOf(mapOf(object['spec'])['template']);
  return { name: `${textOf(object['kind'])} ${nameOf(object)}`, object, template, pod: mapOf(template['spec']) };
});
const containers = workloads.flatMap(({ name, object, pod }) =>
  listOf(pod['containers']).map((container) => ({ name, object, pod, container: mapOf(container) })),
);

/** What the containers of this name have in their environment. */
function variablesOf(name: string): string[] {
  return containers
    .filter(({ container }) => container['name'] === name)
    .flatMap(({ container }) => listOf(container['env']).map((one) => textOf(mapOf(one)['name'])));
}

/** Every object that stands under a key, wherever that is. */
function* under(value: Yaml, key: string): Generator<YamlMap> {
  for (const item of listOf(value)) yield* under(item, key);
  for (const [name, inner] of Object.entries(mapOf(value))) {
    if (name === key) yield mapOf(inner);
    yield* under(inner, key);
  }
}

describe('the manifests for Kubernetes', () => {
  it('are all taken in, and of kinds that are awaited', () => {
    const files = list('kubernetes/**/*.yaml').filter((path) => !path.endsWith('kustomization.yaml'));
    expect(manifests.toSorted()).toEqual(files);
    expect([...new Set(objects.map((object) => textOf(object['kind'])))].toSorted()).toEqual([
      'ClusterRole',
      'ClusterRoleBinding',
      'DaemonSet',
      'Elasticsearch',
      'Job',
      'Kibana',
      'Namespace',
      'NetworkPolicy',
      'Service',
      'ServiceAccount',
      'StatefulSet',
    ]);
    const keys = objects.map((object) => `${textOf(object['kind'])}/${nameOf(object)}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('name only files that there are, or that the setup makes', () => {
    for (const { path, content } of all) {
      for (const generator of ['configMapGenerator', 'secretGenerator']) {
        for (const file of listOf(content[generator]).flatMap((one) => listOf(mapOf(one)['files']).map(textOf))) {
          const [folder, holder, name] = file.split('/');
          const isMade =
            folder === 'certificates' &&
            Object.hasOwn(HOLDERS, holder ?? '') &&
            ['ca.crt', 'tls.crt', 'tls.key'].includes(name ?? '');
          expect(isMade || existsSync(join(ELK, dirname(path), file)), file).toBe(true);
        }
      }
    }
  });

  it('live in one namespace', () => {
    const clusterWide = new Set(['Namespace', 'ClusterRole', 'ClusterRoleBinding']);
    for (const object of objects) {
      const expected = clusterWide.has(textOf(object['kind'])) ? undefined : 'ftl';
      expect(mapOf(object['metadata'])['namespace'], nameOf(object)).toBe(expected);
    }
  });

  it('use only secrets and configurations that are made, by keys that they have', () => {
    for (const { name, pod } of workloads) {
      for (const { name: secret, key } of under(pod, 'secretKeyRef'))
        expect(secrets.get(textOf(secret)), name).toContain(textOf(key));
      for (const { secretName } of under(pod, 'secret')) expect([...secrets.keys()], name).toContain(secretName);
      for (const { name: map } of under(pod, 'configMap')) expect([...configMaps.keys()], name).toContain(map);
    }
    for (const object of [...ofKind('Elasticsearch'), ...ofKind('Kibana')])
      for (const { secretName } of under(object, 'certificate')) expect([...secrets.keys()]).toContain(secretName);
  });

  it.each(workloads)('$name selects its own pods and mounts what it has', ({ object, template, pod }) => {
    const labels = mapOf(mapOf(template['metadata'])['labels']);
    const selector = mapOf(mapOf(mapOf(object['spec'])['selector'])['matchLabels']);
    expect(labels).toMatchObject(selector);
    const claims = listOf(mapOf(object['spec'])['volumeClaimTemplates']).map((claim) => nameOf(mapOf(claim)));
    const volumes = [...listOf(pod['volumes']).map((volume) => textOf(mapOf(volume)['name'])), ...claims];
    const mounts = listOf(pod['containers']).flatMap((one) => listOf(mapOf(one)['volumeMounts']).map(mapOf));
    expect([...new Set(mounts.map((mount) => textOf(mount['name'])))].toSorted()).toEqual(volumes.toSorted());
    for (const mount of mounts.filter(({ subPath }) => subPath !== undefined))
      expect([...configMaps.values()].flat()).toContain(mount['subPath']);
  });

  it.each(containers)('$name runs with as little as it can', ({ pod, container }) => {
    const own = mapOf(container['securityContext']);
    const user = { ...mapOf(pod['securityContext']), ...own };
    expect(own['allowPrivilegeEscalation']).toBe(false);
    expect(mapOf(own['capabilities'])['drop']).toEqual(['ALL']);
    // Filebeat alone reads what belongs to root.
    expect(user['runAsUser']).toBe(container['name'] === 'filebeat' ? 0 : 1000);
    const { requests, limits } = mapOf(container['resources']);
    expect(Object.keys(mapOf(requests)).toSorted()).toEqual(['cpu', 'memory']);
    expect(Object.keys(mapOf(limits))).toEqual(['memory']);
  });

  it('ask everything that stays whether it is alive', () => {
    for (const { name, object, container } of containers.filter((one) => one.object['kind'] !== 'Job'))
      expect(container['livenessProbe'], `${name} ${nameOf(object)}`).toBeDefined();
  });

  it('start nothing anew because what it sends to is down', () => {
    for (const { name, container } of containers) {
      const command = JSON.stringify(container['livenessProbe'] ?? {});
      // Each asks itself: over the port of the container, or at its own loopback.
      expect({ name, asksOthers: /test.*output|https?:\/\/(?!127\.0\.0\.1)/.test(command) }).toEqual({
        name,
        asksOthers: false,
      });
    }
  });

  it('reach by their services the ports that their pods open', () => {
    for (const service of ofKind('Service')) {
      const selector = mapOf(mapOf(service['spec'])['selector']);
      const target = workloads.find(({ template }) => {
        const labels = mapOf(mapOf(template['metadata'])['labels']);
        return Object.entries(selector).every(([key, value]) => labels[key] === value);
      })!;
      const open = listOf(target.pod['containers']).flatMap((one) => listOf(mapOf(one)['ports']).map(mapOf));
      for (const port of listOf(mapOf(service['spec'])['ports']).map(mapOf))
        expect(open.map(({ name }) => name)).toContain(port['targetPort']);
    }
  });

  it('let Filebeat see pods and nothing secret', () => {
    const [role] = ofKind('ClusterRole');
    const rules = listOf(role!['rules']).map(mapOf);
    const resources = rules.flatMap((rule) => listOf(rule['resources']).map(textOf));
    expect(resources.toSorted()).toEqual(['jobs', 'namespaces', 'nodes', 'pods', 'replicasets']);
    for (const rule of rules) expect(rule['verbs']).toEqual(['get', 'list', 'watch']);
    const [binding] = ofKind('ClusterRoleBinding');
    expect(mapOf(binding!['roleRef'])['name']).toBe(nameOf(role!));
    const accounts = ofKind('ServiceAccount').map(nameOf);
    expect(accounts).toEqual(listOf(binding!['subjects']).map((subject) => mapOf(subject)['name']));
    const users = workloads.filter(({ pod }) => pod['serviceAccountName'] !== undefined);
    expect(users.map(({ pod }) => pod['serviceAccountName'])).toEqual(accounts);
    // The others ask nothing of the API and get no token for it.
    for (const { name, pod } of workloads.filter((one) => !users.includes(one)))
      expect(pod['automountServiceAccountToken'], name).toBe(false);
  });

  it('have settings of FTL that FTL knows, and what the pipelines of Logstash ask for', () => {
    const known = new Set(Object.keys(OPTIONS).map(environmentName));
    const set = variablesOf('ftl').filter((name) => name.startsWith('FTL_'));
    expect(set.length).toBeGreaterThan(3);
    expect(set.filter((name) => !known.has(name))).toEqual([]);
    const stores = containers.flatMap(({ container }) => listOf(container['env']).map(mapOf));
    const store = stores.find(({ name }) => name === 'FTL_STORE');
    expect(parseElasticsearchUrl(textOf(store?.['value']))).toMatchObject({ nodes: ['https://ftl-es-http:9200'] });
    for (const path of list('logstash/pipeline/*.conf'))
      for (const [, name] of read(path).matchAll(/\$\{([A-Z_]+)\}/g)) expect(variablesOf('logstash')).toContain(name);
  });

  it('give Logstash all of its files', () => {
    const given = ['logstash-settings', 'logstash-pipeline', 'logstash-ruby'].flatMap((name) => configMaps.get(name)!);
    const files = list('logstash/**/*.*').filter((path) => !path.endsWith('kustomization.yaml'));
    expect(given.toSorted()).toEqual(files.map((path) => path.split('/').at(-1)!).toSorted());
  });
});
