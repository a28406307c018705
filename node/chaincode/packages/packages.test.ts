import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePackage } from './chaincodePackage.ts';
import { createPackage } from './createPackage.ts';
import { DiskPackageStore } from './diskPackageStore.ts';
import { readTar, type TarFile, writeTar } from './tarArchive.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ftl-packages-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const service = { label: 'basic_1.0', type: 'ccaas', connection: { address: '127.0.0.1:9999' } } as const;

async function filesIn(archive: Uint8Array): Promise<TarFile[]> {
  return Array.fromAsync(readTar(archive));
}

async function rawTar(headers: Parameters<ReturnType<typeof pack>['entry']>[0][]): Promise<Uint8Array> {
  const archive = pack();
  const chunks: Uint8Array[] = [];
  const collected = (async () => {
    for await (const chunk of archive as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
    }
  })();
  for (const header of headers) {
    if (header.type === undefined) {
      archive.entry(header, 'x');
    } else {
      archive.entry(header);
    }
  }
  archive.finalize();
  await collected;
  return gzipSync(Buffer.concat(chunks));
}

async function nodeChaincode(): Promise<string> {
  const path = join(folder, 'chaincode');
  await mkdir(join(path, 'lib'), { recursive: true });
  await mkdir(join(path, 'node_modules', 'left-out'), { recursive: true });
  await mkdir(join(path, 'META-INF/statedb/couchdb/indexes'), { recursive: true });
  await writeFile(join(path, 'package.json'), '{}');
  await writeFile(join(path, 'lib', 'contract.js'), '// nothing');
  await writeFile(join(path, 'node_modules', 'left-out', 'index.js'), '');
  await writeFile(join(path, 'META-INF/statedb/couchdb/indexes/owner.json'), '{"index":{"fields":["owner"]}}');
  return path;
}

describe('createPackage', () => {
  test('packs a connection as a service, the same bytes each time', async () => {
    const first = await createPackage(service);
    expect(Buffer.from(await createPackage(service)).equals(first)).toBe(true);
    const parsed = await parsePackage(first);
    expect(parsed.metadata).toEqual({ path: '', type: 'ccaas', label: 'basic_1.0' });
    expect(parsed.packageId).toBe(`basic_1.0:${hash('sha256', first)}`);
    const [connection] = await filesIn(parsed.code);
    expect(JSON.parse(Buffer.from(connection?.bytes ?? '').toString())).toEqual({ address: '127.0.0.1:9999' });
  });

  test('packs a Node project under src/, without its node_modules', async () => {
    const parsed = await parsePackage(await createPackage({ label: 'n', type: 'node', path: await nodeChaincode() }));
    expect((await filesIn(parsed.code)).map(({ name }) => name)).toEqual([
      'META-INF/statedb/couchdb/indexes/owner.json',
      'src/lib/contract.js',
      'src/package.json',
    ]);
  });

  test('gives a Go module its import path', async () => {
    await writeFile(join(folder, 'go.mod'), 'module example.com/basic\n\ngo 1.24\n');
    const parsed = await parsePackage(await createPackage({ label: 'g', type: 'golang', path: folder }));
    expect(parsed.metadata.path).toBe('example.com/basic');
  });

  test.each(['', '-a', 'a/b', 'a:b', 'ä', 'a'.repeat(181)])('refuses the label %j', async (label) => {
    await expect(createPackage({ ...service, label })).rejects.toMatchObject({ code: 'bad_package' });
  });

  test('refuses links, missing folders and projects without package.json', async () => {
    const path = await nodeChaincode();
    await symlink('/etc/hosts', join(path, 'hosts'));
    await expect(createPackage({ label: 'n', type: 'node', path })).rejects.toThrow('hosts is not a regular file');
    await expect(createPackage({ label: 'n', type: 'node', path: join(folder, 'none') })).rejects.toThrow('not exist');
    await expect(createPackage({ label: 'n', type: 'node', path: join(path, 'lib') })).rejects.toThrow('package.json');
  });
});

describe('readTar', () => {
  test.each(['../out', '/etc/passwd', 'a/../../out', '..', 'a\\..\\b'])('refuses the path %s', async (name) => {
    await expect(filesIn(await rawTar([{ name }]))).rejects.toThrow(`absolute or escaping path`);
  });

  test.each(['symlink', 'link', 'fifo', 'character-device'] as const)('refuses a %s', async (type) => {
    await expect(filesIn(await rawTar([{ name: 'a', type, linkname: '/etc/passwd' }]))).rejects.toThrow(
      `tar entry a is not a regular file, type ${type}`,
    );
  });

  test('refuses what unpacks to too much, and too many entries', async () => {
    const bomb = await writeTar([{ name: 'zeros', bytes: new Uint8Array(5_000_000) }]);
    await expect(Array.fromAsync(readTar(bomb, { maxBytes: 1_000_000, maxEntries: 10 }))).rejects.toMatchObject({
      code: 'bad_package',
      message: 'archive unpacks to more than 1000000 bytes',
    });
    const many = await rawTar([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    await expect(Array.fromAsync(readTar(many, { maxBytes: 1e6, maxEntries: 2 }))).rejects.toThrow('2 entries');
  });

  test('what is no archive is refused in the words of Go', async () => {
    const reading = 'error reading as gzip stream';
    await expect(filesIn(bytesOf('no gzip'))).rejects.toThrow(`${reading}: gzip: invalid header`);
    const whole = await writeTar([{ name: 'a', bytes: bytesOf('some text') }]);
    await expect(filesIn(whole.subarray(0, -20))).rejects.toThrow(`${reading}: unexpected EOF`);
  });

  test('refuses bytes that are no archive, or a part of one', async () => {
    const whole = await createPackage(service);
    for (const bytes of [bytesOf('no gzip'), new Uint8Array(0), whole.subarray(0, -20), gzipSync('no tar')]) {
      await expect(filesIn(bytes)).rejects.toMatchObject({ code: 'bad_package' });
    }
  });
});

describe('parsePackage', () => {
  const metadata = { name: 'metadata.json', bytes: bytesOf('{"type":"ccaas","label":"a"}') };
  const code = { name: 'code.tar.gz', bytes: bytesOf('') };

  test.each([
    [[code], 'did not find any package metadata (missing metadata.json)'],
    [[metadata], 'did not find a code package inside the package'],
    [[{ name: 'metadata.json', bytes: bytesOf('{') }, code], 'could not unmarshal metadata.json as json'],
    [[{ name: 'metadata.json', bytes: bytesOf('{"label":3}') }, code], 'label is no text'],
    [[{ name: 'metadata.json', bytes: bytesOf('{"label":"../x"}') }, code], "invalid label '../x'"],
  ])('refuses a package without its parts', async (files, message) => {
    await expect(parsePackage(await writeTar(files))).rejects.toThrow(message);
  });
});

describe('DiskPackageStore', () => {
  test('keeps packages under the names that a Go peer gives them', async () => {
    const store = await DiskPackageStore.open({ folder: join(folder, 'lifecycle', 'chaincodes') });
    const bytes = await createPackage(service);
    const saved = await store.save(bytes);
    expect(await store.save(bytes)).toEqual(saved);
    expect(saved).toEqual({ packageId: `basic_1.0:${hash('sha256', bytes)}`, label: 'basic_1.0' });
    expect(await readdir(join(folder, 'lifecycle', 'chaincodes'))).toEqual([
      `basic_1.0.${hash('sha256', bytes)}.tar.gz`,
    ]);
    expect(Buffer.from(await store.load(saved.packageId)).equals(bytes)).toBe(true);
    const other = await store.save(await createPackage({ ...service, label: 'another' }));
    const again = await DiskPackageStore.open({ folder: join(folder, 'lifecycle', 'chaincodes') });
    expect(await again.list()).toEqual([other, saved]);
  });

  test('says what is not there, and what was altered', async () => {
    const store = await DiskPackageStore.open({ folder });
    for (const id of [`a:${'0'.repeat(64)}`, 'a:b', `../a:${'0'.repeat(64)}`]) {
      await expect(store.load(id)).rejects.toMatchObject({
        code: 'not_installed',
        message: `chaincode install package '${id}' not found`,
      });
    }
    const { packageId } = await store.save(await createPackage(service));
    await writeFile(join(folder, `${packageId.replace(':', '.')}.tar.gz`), 'x');
    await expect(store.load(packageId)).rejects.toMatchObject({ code: 'bad_package' });
  });

  test('keeps nothing of a package whose code breaks a rule', async () => {
    const store = await DiskPackageStore.open({ folder });
    const metadata = { name: 'metadata.json', bytes: bytesOf('{"type":"node","label":"a"}') };
    const index = await writeTar([{ name: 'META-INF/statedb/couchdb/indexes/a.json', bytes: bytesOf('{}') }]);
    const codes = [await rawTar([{ name: '../out' }]), bytesOf('no archive'), index];
    for (const bytes of codes) {
      const bad = await writeTar([metadata, { name: 'code.tar.gz', bytes }]);
      await expect(store.save(bad)).rejects.toMatchObject({ code: 'bad_package' });
    }
    expect(await readdir(folder)).toEqual([]);
  });
});
