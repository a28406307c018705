import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { LedgerFolders } from './ledgerFolders.ts';

const base = mkdtempSync(join(tmpdir(), 'ftl-folders-'));
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

it("a peer's folder lets others pass to what is theirs below it, its ledgers do not", () => {
  const folders = new LedgerFolders(join(base, 'production'));
  folders.make();
  folders.make();
  const modes = [folders.root, folders.ledgers, folders.snapshots].map((path) => statSync(path).mode & 0o777);
  const mask = ~process.umask();
  expect(modes).toEqual([0o755 & mask, 0o750 & mask, 0o750 & mask]);
});
