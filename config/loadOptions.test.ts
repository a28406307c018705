import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { configurationPage } from './configurationPage.ts';
import { ConfigError, loadOptions } from './loadOptions.ts';
import { durationMs } from './options.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function file(text: string): string {
  const path = join(folder, `ftl${files++}.yaml`);
  writeFileSync(path, text);
  return path;
}

test('a flag beats the environment, which beats the file, which beats the default', () => {
  const configFile = file('port: 1\nhost: 10.0.0.1\nlogs: ["a.log"]\nlogLevel: error\n');
  const { options, defaulted } = loadOptions({
    flags: { port: '3' },
    environment: { FTL_PORT: '2', FTL_LOGS: 'b.log, c*.log', FTL_OPEN: 'false' },
    configFile,
  });
  expect(options).toMatchObject({
    port: 3,
    host: '10.0.0.1',
    logs: ['b.log', 'c*.log'],
    logLevel: 'error',
    open: false,
  });
  expect(defaulted.has('store')).toBe(true);
  expect(defaulted.has('logs')).toBe(false);
});

test.each([
  ['port: many', /port in .* is "many"/],
  ['colour: red', /unknown key `colour`\. Known: store/],
  ['- 1', /must hold/],
  ['a: [', /cannot be read/],
])('%s in the file is refused with the place and the reason', (text, message) => {
  expect(() => loadOptions({ flags: {}, environment: {}, configFile: file(text) })).toThrow(message);
});

test('a file that was asked for and is not there is an error', () => {
  expect(() => loadOptions({ flags: {}, environment: { FTL_CONFIG: '/no/such.yaml' } })).toThrow(ConfigError);
});

test('durations', () => {
  expect([durationMs('250ms'), durationMs('2m'), durationMs('30d')]).toEqual([250, 120_000, 2_592_000_000]);
});

test('the configuration page is current', () => {
  expect(readFileSync(new URL('../docs/reference/configuration.md', import.meta.url), 'utf8')).toBe(
    configurationPage(),
  );
});
