import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tlsMaterial } from '#test/harness/tlsMaterial.ts';
import { ConfigError, loadOptions } from './loadOptions.ts';
import { operationsTargets, readOperationsTls } from './readOperations.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-operations-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let minute = 0;
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  utimesSync(path, ++minute * 60, minute * 60);
  return path;
}

const load = (flags: Record<string, unknown>, environment: Record<string, string> = {}) =>
  loadOptions({ flags, environment: { FTL_CONFIG: '', ...environment } }).options;

const refuse = () => {
  throw new RangeError('no name');
};

const names = (groups: readonly { targets: readonly string[]; labels?: Record<string, string> | undefined }[]) =>
  groups.flatMap(({ targets, labels }) => targets.map((target) => `${labels?.['node']}@${target}`));

test('targets come from JSON and YAML, and are read again when a file has changed', () => {
  const json = file('a.json', '[{"targets":["h:1"],"labels":{"node":"p0"}}]');
  const yaml = file('b.yml', '- targets: [h:2, h:3]\n  labels: { node: p1 }\n');
  const targets = operationsTargets([json, yaml], names);
  expect(targets()).toEqual(['p0@h:1', 'p1@h:2', 'p1@h:3']);
  file('a.json', '[{"targets":["h:9"],"labels":{"node":"p0"}}]');
  expect(targets()).toEqual(['p0@h:9', 'p1@h:2', 'p1@h:3']);
  file('a.json', '[{"targets":["h:9"');
  expect(targets()).toEqual(['p0@h:9', 'p1@h:2', 'p1@h:3']);
  rmSync(yaml);
  expect(targets()).toEqual(['p0@h:9', 'p1@h:2', 'p1@h:3']);
});

test('a file that has become unusable is told of once for each change', () => {
  const path = file('told.json', '[{"targets":["h:1"],"labels":{"node":"p0"}}]');
  const problems: string[] = [];
  const targets = operationsTargets([path], names, ({ message }) => problems.push(message));
  file('told.json', '[{"targets":["h:1"');
  expect([targets(), targets()]).toEqual([['p0@h:1'], ['p0@h:1']]);
  expect(problems).toEqual([expect.stringMatching(/^--operations \S+told\.json cannot be read: [^\n]*\.$/)]);
  rmSync(path);
  targets();
  expect(problems).toEqual([expect.anything(), expect.stringContaining('ENOENT')]);
  file('told.json', '[]');
  expect(targets()).toEqual([]);
  expect(problems).toHaveLength(2);
});

test('what cannot be used is named at the start', () => {
  expect(() => operationsTargets([join(folder, 'none.json')], names)).toThrow(ConfigError);
  expect(() => operationsTargets([file('c.json', '{"targets":[]}')], names)).toThrow(/c\.json must hold a list/);
  expect(() => operationsTargets([file('d.json', '[]')], refuse)).toThrow(/d\.json: no name/);
});

test('certificate and key go together', () => {
  const [one, other] = [tlsMaterial(), tlsMaterial()];
  const pem = file('x.pem', one.client.cert);
  const [key, strange] = [file('x.key', one.client.key), file('y.key', other.client.key)];
  expect(readOperationsTls(load({}))).toBeNull();
  expect(readOperationsTls(load({ operationsCa: pem }))).toEqual({ ca: expect.stringContaining('BEGIN') });
  expect(readOperationsTls(load({ operationsCertificate: pem, operationsKey: key }))).toEqual(one.client);
  for (const wrong of [pem, strange]) {
    expect(() => readOperationsTls(load({ operationsCertificate: pem, operationsKey: wrong }))).toThrow(
      /x\.pem and --operations-key \S+ are no certificate with its key: /,
    );
  }
  expect(() => readOperationsTls(load({ operationsCertificate: pem }))).toThrow(/go together/);
  expect(() => readOperationsTls(load({ operationsCa: file('y', 'text') }))).toThrow(/is no PEM file/);
});

test('addresses of Prometheus and Alertmanager are checked; the secret has no flag', () => {
  expect(load({}, { FTL_PROMETHEUS_URL: 'http://127.0.0.1:9090/x' }).prometheusUrl).toBe('http://127.0.0.1:9090/x');
  expect(() => load({ alertmanagerUrl: 'file:///etc/passwd' })).toThrow(ConfigError);
  expect(() => load({ monitoringAuthorization: 'Bearer x' })).toThrow(/secret is no flag/);
});
