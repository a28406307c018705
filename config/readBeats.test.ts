import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError, loadOptions } from './loadOptions.ts';
import { readBeatsFiles } from './readBeats.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-beats-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pem(name: string, text = `-----BEGIN ${name}-----\n-----END ${name}-----\n`): string {
  const path = join(folder, `${name}.pem`);
  writeFileSync(path, text);
  return path;
}

function options(flags: Record<string, unknown>): ReturnType<typeof loadOptions>['options'] {
  return loadOptions({ flags, environment: {} }).options;
}

test('certificate, key and authorities are read', () => {
  const [beatsCertificate, beatsKey, beatsClientCa] = [pem('CERTIFICATE'), pem('KEY'), pem('CA')];
  expect(readBeatsFiles(options({ beatsCertificate, beatsKey }))).toEqual({
    cert: expect.stringContaining('CERTIFICATE'),
    key: expect.stringContaining('KEY'),
  });
  expect(readBeatsFiles(options({ beatsCertificate, beatsKey, beatsClientCa })).clientCa).toContain('CA');
});

test('what is not there, or is no PEM, is named', () => {
  const key = pem('KEY');
  expect(() => readBeatsFiles(options({}))).toThrow(ConfigError);
  expect(() => readBeatsFiles(options({ beatsCertificate: key }))).toThrow(/--beats-key are needed/);
  expect(() => readBeatsFiles(options({ beatsCertificate: '/no/such', beatsKey: key }))).toThrow(
    /--beats-certificate \/no\/such cannot be read/,
  );
  expect(() => readBeatsFiles(options({ beatsCertificate: pem('text', 'text'), beatsKey: key }))).toThrow(
    /is no PEM file/,
  );
});

test('versions may be numbers in YAML and a list in the environment', () => {
  expect(loadOptions({ flags: {}, environment: { FTL_BEATS_VERSIONS: '1,2' } }).options.beatsVersions).toEqual([
    '1',
    '2',
  ]);
  expect(options({ beatsVersions: [1] }).beatsVersions).toEqual(['1']);
  expect(() => options({ beatsVersions: ['3'] })).toThrow(ConfigError);
});
