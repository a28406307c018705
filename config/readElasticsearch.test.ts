import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, loadOptions } from './loadOptions.ts';
import { readElasticsearch } from './readElasticsearch.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const read = (environment: Readonly<Record<string, string>>) =>
  readElasticsearch(loadOptions({ flags: {}, environment: { FTL_CONFIG: '', ...environment } }).options);

describe('credentials for Elasticsearch', () => {
  it('come from the environment, or from files that the options name', () => {
    expect(read({})).toEqual({});
    expect(read({ FTL_ELASTICSEARCH_API_KEY: 'a2V5' })).toEqual({ apiKey: 'a2V5' });
    expect(read({ FTL_ELASTICSEARCH_API_KEY_FILE: file('key', 'a2V5\n') })).toEqual({ apiKey: 'a2V5' });
    // As Kubernetes gives the content of a file.
    expect(read({ FTL_ELASTICSEARCH_API_KEY: 'a2V5\n' })).toEqual({ apiKey: 'a2V5' });
    expect(
      read({ FTL_ELASTICSEARCH_USER: 'ftl', FTL_ELASTICSEARCH_PASSWORD_FILE: file('password', ' open sesame\n') }),
    ).toEqual({ user: 'ftl', password: 'open sesame' });
    const pem = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n';
    expect(read({ FTL_ELASTICSEARCH_CA: file('ca.pem', pem) })).toEqual({ ca: pem });
  });

  it.each([
    [{ FTL_ELASTICSEARCH_API_KEY: 'hush', FTL_ELASTICSEARCH_USER: 'ftl' }, /either with an API key/],
    [{ FTL_ELASTICSEARCH_USER: 'ftl' }, /FTL_ELASTICSEARCH_PASSWORD is not set, nor is --elasticsearch-password-file/],
    [{ FTL_ELASTICSEARCH_PASSWORD: 'hush' }, /FTL_ELASTICSEARCH_USER is not set/],
    [{ FTL_ELASTICSEARCH_API_KEY: 'hush', FTL_ELASTICSEARCH_API_KEY_FILE: 'x' }, /either .* or .*, not both/],
    [{ FTL_ELASTICSEARCH_API_KEY: 'hush\nhush' }, /must be one line/],
    [{ FTL_ELASTICSEARCH_API_KEY_FILE: join(folder, 'none') }, /cannot be read/],
    [{ FTL_ELASTICSEARCH_CA: join(folder, 'none') }, /--elasticsearch-ca .* cannot be read/],
  ])('are refused where they make no sense, and not shown: %j', (environment, message) => {
    const refusal = (() => {
      try {
        read(environment);
        return null;
      } catch (error) {
        return error as Error;
      }
    })();
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(refusal?.message).toMatch(message);
    expect(refusal?.message).not.toContain('hush');
  });

  it('have no flags, which every user of the machine could read, and no value in a message', () => {
    for (const key of ['elasticsearchApiKey', 'elasticsearchPassword']) {
      expect(() => loadOptions({ flags: { [key]: 'hush' }, environment: { FTL_CONFIG: '' } })).toThrow(ConfigError);
    }
    const config = file('ftl.yaml', 'elasticsearchPassword: [hush]\n');
    expect(() => loadOptions({ flags: {}, environment: {}, configFile: config })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hush') as string }) as Error,
    );
    expect(() => read({ FTL_ELASTICSEARCH_API_KEY_FILE: file('two', 'hush\nhush') })).toThrow(/must hold one line/);
  });
});
