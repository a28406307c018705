import { afterAll, beforeAll, expect, test } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Issued, issueAuthority, issueTls } from '#node/network/material/issue.ts';
import { exampleRecords } from '#trace/store/conformance/exampleRecords.ts';
import { openStore } from '#trace/store/openStore.ts';
import { ElasticsearchNode } from '../harness/elasticsearch.ts';
import { runFtl } from '../harness/ftlProcess.ts';

/** Without API keys, which the minimal distribution lacks an analyser for. */
const PASSWORD = 'open sesame, please';
const folder = mkdtempSync(join(tmpdir(), 'ftl-secured-'));
let node: ElasticsearchNode;
let authority: Issued;
let stranger: Issued;

beforeAll(async () => {
  const now = new Date();
  authority = issueAuthority('ca.example.com', 'example.com', now);
  stranger = issueAuthority('ca.elsewhere.com', 'elsewhere.com', now);
  const server = issueTls(authority, 'elasticsearch', ['127.0.0.1'], now);
  node = await ElasticsearchNode.start({
    settings: {
      'xpack.security.enabled': true,
      'xpack.security.autoconfiguration.enabled': false,
      'xpack.security.http.ssl.enabled': true,
      'xpack.security.http.ssl.key': 'server.key',
      'xpack.security.http.ssl.certificate': 'server.crt',
    },
    files: {
      'server.key': server.keyPem,
      'server.crt': server.certificatePem,
      users: `ftl:${PASSWORD}\nguest:${PASSWORD}\n`,
      users_roles: 'ftl:ftl\n',
      'roles.yml': `ftl:
  cluster: [monitor, manage_index_templates]
  indices:
    - names: ['ftl-*']
      privileges: [all]
`,
    },
  });
});
afterAll(async () => {
  await node.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('TLS with an authority of one’s own, user and password, and no right beyond the store’s own indices', async () => {
  const url = `elasticsearch:${node.url}/ftl-secured`;
  const access = { user: 'ftl', password: PASSWORD, ca: authority.certificatePem };
  const store = await openStore(url, { elasticsearch: access });
  await store.append(exampleRecords());
  while ((await store.refresh()).remaining > 0);
  expect((await store.traces({})).items.length).toBeGreaterThan(5);
  expect((await store.dropBefore('2030-01-01T00:00:00Z')).traces).toBeGreaterThan(5);
  await store.close();

  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ ...access, ca: undefined }, /its certificate is not trusted.*--elasticsearch-ca/],
    [{ ...access, ca: stranger.certificatePem }, /its certificate is not trusted/],
    [{ ca: authority.certificatePem }, /does not know who asks/],
    [{ ...access, password: 'wrong' }, /does not know who asks/],
    [{ ...access, user: 'guest' }, /do not allow it/],
  ];
  for (const [elasticsearch, message] of wrong) {
    await expect(openStore(url, { elasticsearch })).rejects.toMatchObject({
      code: 'cannot_open',
      message: expect.stringMatching(message) as string,
    });
  }
  await expect(openStore(url.replace('https:', 'http:'), { elasticsearch: { ...access, retryMs: 0 } })).rejects.toThrow(
    /no connection|HTTP 400/,
  );
});

test('ftl takes the password from a file, and shows it nowhere', async () => {
  const password = join(folder, 'password');
  const ca = join(folder, 'ca.pem');
  writeFileSync(password, `${PASSWORD}\n`);
  writeFileSync(ca, authority.certificatePem);
  const access = ['--elasticsearch-user', 'ftl', '--elasticsearch-ca', ca];
  const store = ['--store', `elasticsearch:${node.url}/ftl-cli`];
  const log = join(import.meta.dirname, '../vectors/elk/records.ndjson');
  const imported = await runFtl(['import', ...store, ...access, '--elasticsearch-password-file', password, log], {
    cwd: folder,
  });
  expect(imported).toMatchObject({ status: 0, stdout: expect.stringMatching(/[1-9]\d* new records/) as string });
  expect(imported.stderr + imported.stdout).not.toContain(PASSWORD);
  const listed = await runFtl(['traces', ...store, ...access], {
    cwd: folder,
    environment: { FTL_ELASTICSEARCH_PASSWORD: PASSWORD },
  });
  expect(listed).toMatchObject({ status: 0 });
  const refused = await runFtl(['traces', ...store, ...access], {
    cwd: folder,
    environment: { FTL_ELASTICSEARCH_PASSWORD: `${PASSWORD}!` },
  });
  expect(refused.status).not.toBe(0);
  expect(refused.stderr + refused.stdout).not.toContain(PASSWORD);
});
