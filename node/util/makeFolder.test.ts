import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeFolder } from './makeFolder.ts';

const base = mkdtempSync(join(tmpdir(), 'ftl-folder-'));
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

it('is made with those above it, and left as it is where it is there', () => {
  const folder = join(base, 'a', 'b', 'c');
  makeFolder(folder, 0o700);
  makeFolder(folder, 0o755);
  expect(['a', 'a/b', 'a/b/c'].map((path) => statSync(join(base, path)).mode & 0o777)).toEqual([0o700, 0o700, 0o700]);
});

it('cannot be made in the place of a file, or below one', () => {
  writeFileSync(join(base, 'file'), '');
  expect(() => makeFolder(join(base, 'file'))).toThrow(/EEXIST/);
  expect(() => makeFolder(join(base, 'file', 'below', 'it'))).toThrow(/EEXIST|ENOTDIR/);
});

it.runIf(process.platform === 'linux')('cannot be made where there can be none', () => {
  expect(() => makeFolder('/proc/ledgers/of/a/peer')).toThrow(/ENOENT|EACCES|EPERM/);
});
