import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys } from './keyOrder.ts';
import { hashedNamespace, privateNamespace } from './namespaces.ts';
import type { Height, StateDatabase, StateReader, VersionedEntry } from './stateDatabase.ts';
import { StateError } from './stateError.ts';
import { StateUpdates } from './stateUpdates.ts';

const value = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** `{ns: {key: value}}`, null deletes. */
export function publicUpdates(
  block: number,
  changes: Readonly<Record<string, Readonly<Record<string, string | null>>>>,
  tx = 0,
): StateUpdates {
  const updates = new StateUpdates();
  for (const [namespace, keys] of Object.entries(changes)) {
    for (const [key, to] of Object.entries(keys)) {
      updates.putPublic(namespace, key, {
        value: to === null ? null : value(to),
        metadata: null,
        version: { block, tx },
      });
    }
  }
  return updates;
}

async function collect(entries: AsyncIterable<VersionedEntry>): Promise<VersionedEntry[]> {
  const all: VersionedEntry[] = [];
  for await (const entry of entries) {
    all.push(entry);
  }
  return all;
}

async function keysOf(reader: StateReader, namespace: string, start = '', end = ''): Promise<string[]> {
  return (await collect(reader.range(namespace, start, end))).map(({ key }) => key);
}

/** Keys and values of namespace `ns`. */
async function shown(reader: StateReader): Promise<string[]> {
  return (await collect(reader.range('ns', '', ''))).map(({ key, value: held }) => key + text(held));
}

function names(entries: readonly VersionedEntry[]): string[] {
  return entries.map(({ namespace, key }) => `${namespace}/${key}`);
}

async function codeOf(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    return error instanceof StateError ? error.code : String(error);
  }
  return 'no error';
}

/** Keys that order, delimit and encode differently. */
const KEYS = ['a', 'a\0', 'a\x01', 'aa', 'b', 'é', '\0t\0x\0', '\0t\0y\0', '\u{e000}', '\u{ffff}', '😀', '\u{10ffff}'];
const SORTED = KEYS.toSorted((first, second) => Buffer.compare(Buffer.from(first), Buffer.from(second)));

/**
 * What every state database must do.
 *
 * @param open gives a new, empty one each time.
 */
export function stateDatabaseCompliance(open: () => Promise<StateDatabase>): void {
  describe('keys and versions', () => {
    it('knows nothing at first', async () => {
      await using db = await open();
      expect(await db.get('ns', 'key')).toBeNull();
      expect(await db.savepoint()).toBeNull();
      expect(await keysOf(db, 'ns')).toEqual([]);
      expect(await db.page('ns', '', '', 10)).toEqual({ entries: [], bookmark: '' });
      expect(await collect(db.scan())).toEqual([]);
      expect(db.mayHaveMetadata('ns')).toBe(false);
      await using snapshot = db.snapshot();
      expect(snapshot.height).toBeNull();
      expect(await snapshot.get('ns', 'key')).toBeNull();
    });

    it('gives what was written last, with its version', async () => {
      await using db = await open();
      await db.apply(publicUpdates(1, { ns: { a: 'one', b: 'two' }, other: { a: 'three' }, '': { config: 'c' } }, 4), {
        block: 1,
        tx: 4,
      });
      await db.apply(publicUpdates(2, { ns: { a: 'four', b: null, gone: null } }), { block: 2, tx: 0 });
      expect(await db.get('ns', 'a')).toEqual({ value: value('four'), metadata: null, version: { block: 2, tx: 0 } });
      expect(await db.get('ns', 'b')).toBeNull();
      expect(await db.get('other', 'a')).toEqual({
        value: value('three'),
        metadata: null,
        version: { block: 1, tx: 4 },
      });
      expect(text((await db.get('', 'config'))?.value ?? value(''))).toBe('c');
      expect(await db.savepoint()).toEqual({ block: 2, tx: 0 });
    });

    it('answers for many keys in their order', async () => {
      await using db = await open();
      await db.apply(publicUpdates(1, { x: { a: '1' }, y: { b: '2' } }), { block: 1, tx: 0 });
      const keys = [
        { namespace: 'y', key: 'b' },
        { namespace: 'x', key: 'none' },
        { namespace: 'x', key: 'a' },
        { namespace: 'y', key: 'b' },
      ];
      expect((await db.getMany(keys)).map((one) => one && text(one.value))).toEqual(['2', null, '1', '2']);
      const version: Height = { block: 1, tx: 0 };
      expect(await db.getVersions(keys)).toEqual([version, null, version, version]);
      expect(await db.getMany([])).toEqual([]);
    });

    it('keeps values of every size, and its own copy of them', async () => {
      await using db = await open();
      const sizes = [1, 100, 10_000, 1_000_000];
      const updates = new StateUpdates();
      const bytes = sizes.map((size) => new Uint8Array(size).fill(size % 251));
      for (const [index, one] of bytes.entries()) {
        updates.putPublic('ns', `${sizes[index]}`, { value: one, metadata: one, version: { block: 1, tx: index } });
      }
      await db.apply(updates, { block: 1, tx: 3 });
      for (const one of bytes) {
        one.fill(255);
      }
      for (const size of sizes) {
        const found = await db.get('ns', String(size));
        expect(found?.value.length).toBe(size);
        expect(found?.value.every((byte) => byte === size % 251)).toBe(true);
        expect(found?.metadata?.every((byte) => byte === size % 251)).toBe(true);
      }
    });

    it('keeps private data and hashes apart from public keys', async () => {
      await using db = await open();
      const version = { block: 3, tx: 1 };
      const updates = new StateUpdates();
      updates.putPublic('cc', 'k', { value: value('public'), metadata: null, version });
      updates.putPrivate('cc', 'c', 'k', { value: value('private'), metadata: null, version });
      updates.putHashed('cc', 'c', '00ff', { value: value('hash'), metadata: value('m'), version });
      await db.apply(updates, { block: 3, tx: 1 });
      expect(text((await db.get('cc', 'k'))?.value ?? value(''))).toBe('public');
      expect(text((await db.get(privateNamespace('cc', 'c'), 'k'))?.value ?? value(''))).toBe('private');
      expect(await db.get(hashedNamespace('cc', 'c'), '00ff')).toEqual({
        value: value('hash'),
        metadata: value('m'),
        version,
      });
      expect(await keysOf(db, 'cc')).toEqual(['k']);
      expect(db.mayHaveMetadata('cc')).toBe(true);
      expect(db.mayHaveMetadata('other')).toBe(false);
    });

    it('reads a namespace with 0x00 as Fabric does: what follows belongs to the key', async () => {
      await using db = await open();
      await db.apply(publicUpdates(1, { ns: { 'x\0a': '1', 'x\0b': '2', y: '3' } }), { block: 1, tx: 0 });
      expect(text((await db.get('ns\0x', 'a'))?.value ?? value(''))).toBe('1');
      expect(await keysOf(db, 'ns\0x')).toEqual(['x\0a', 'x\0b']);
      expect(await keysOf(db, 'ns\0x', 'b', '')).toEqual(['x\0b']);
      expect(await keysOf(db, 'ns\0x', '', 'b')).toEqual(['x\0a']);
    });
  });

  describe('ranges', () => {
    it('come in the order of UTF-8, from start (included) to end (excluded)', async () => {
      await using db = await open();
      await db.apply(publicUpdates(1, { ns: Object.fromEntries(KEYS.map((key) => [key, key])), nt: { a: 'x' } }), {
        block: 1,
        tx: 0,
      });
      expect(await keysOf(db, 'ns')).toEqual(SORTED);
      for (const start of ['', ...KEYS]) {
        for (const end of ['', ...KEYS]) {
          const expected = SORTED.filter(
            (key) => compareKeys(key, start) >= 0 && (end === '' || compareKeys(key, end) < 0),
          );
          expect([start, end, await keysOf(db, 'ns', start, end)]).toEqual([start, end, expected]);
        }
      }
      const [first] = await collect(db.range('ns', 'a', 'b'));
      expect(first).toEqual({
        namespace: 'ns',
        key: 'a',
        value: value('a'),
        metadata: null,
        version: { block: 1, tx: 0 },
      });
    });

    it('follow what is inserted and deleted after the first of them', async () => {
      await using db = await open();
      await db.apply(publicUpdates(1, { ns: { b: '1', d: '1' } }), { block: 1, tx: 0 });
      expect(await keysOf(db, 'ns')).toEqual(['b', 'd']);
      await db.apply(publicUpdates(2, { ns: { a: '2', c: '2', d: null, e: '2' } }), { block: 2, tx: 0 });
      expect(await keysOf(db, 'ns')).toEqual(['a', 'b', 'c', 'e']);
      await db.apply(publicUpdates(3, { ns: { a: null, b: null, c: null, e: null } }), { block: 3, tx: 0 });
      expect(await keysOf(db, 'ns')).toEqual([]);
    });

    it('come in pages, each starting at the bookmark of the one before', async () => {
      await using db = await open();
      await db.apply(publicUpdates(1, { ns: Object.fromEntries(KEYS.map((key) => [key, key])) }), { block: 1, tx: 0 });
      for (const size of [1, 2, 5, KEYS.length, 100]) {
        const found: string[] = [];
        let start = '';
        let pages = 0;
        do {
          const page = await db.page('ns', start, '', size);
          expect(page.entries.length).toBeLessThanOrEqual(size);
          found.push(...page.entries.map(({ key }) => key));
          start = page.bookmark;
          pages++;
        } while (start !== '');
        expect(found).toEqual(SORTED);
        expect(pages).toBe(Math.ceil(KEYS.length / size));
      }
      expect((await db.page('ns', '', '', 0)).entries).toHaveLength(KEYS.length);
    });

    it('may be left before their end, and be long', async () => {
      await using db = await open();
      const many = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`k${index}`, String(index)]));
      await db.apply(publicUpdates(1, { ns: many }), { block: 1, tx: 0 });
      expect(await keysOf(db, 'ns')).toEqual(Object.keys(many).toSorted());
      for await (const { key } of db.range('ns', 'k5', '')) {
        expect(key).toBe('k5');
        break;
      }
    });
  });

  describe('batches', () => {
    it('for older blocks leave the savepoint where it is', async () => {
      await using db = await open();
      await db.apply(publicUpdates(5, { ns: { a: '5' } }), { block: 5, tx: 9 });
      await db.apply(publicUpdates(2, { ns: { b: '2' } }), null);
      expect(await db.savepoint()).toEqual({ block: 5, tx: 9 });
      expect((await db.get('ns', 'b'))?.version).toEqual({ block: 2, tx: 0 });
    });

    it('are refused at or below the savepoint, whole', async () => {
      await using db = await open();
      await db.apply(publicUpdates(5, { ns: { a: '5' } }), { block: 5, tx: 9 });
      expect(await codeOf(() => db.apply(publicUpdates(5, { ns: { a: 'x' } }), { block: 5, tx: 10 }))).toBe('order');
      expect(await codeOf(() => db.apply(publicUpdates(4, { ns: { a: 'x' } }), { block: 4, tx: 0 }))).toBe('order');
      expect(text((await db.get('ns', 'a'))?.value ?? value(''))).toBe('5');
    });

    it('are applied in the order of the calls', async () => {
      await using db = await open();
      const writes = Array.from({ length: 50 }, (_, index) =>
        db.apply(publicUpdates(index + 1, { ns: { a: String(index + 1) } }), { block: index + 1, tx: 0 }),
      );
      await Promise.all(writes);
      expect((await db.get('ns', 'a'))?.version.block).toBe(50);
      expect(await db.savepoint()).toEqual({ block: 50, tx: 0 });
    });
  });

  describe('snapshots', () => {
    it('show state as it was', async () => {
      await using db = await open();
      await db.apply(publicUpdates(1, { ns: { a: '1', b: '1', d: '1' } }), { block: 1, tx: 0 });
      await using before = db.snapshot();
      await db.apply(publicUpdates(2, { ns: { a: '2', b: null, c: '2' } }), { block: 2, tx: 0 });
      await using between = db.snapshot();
      await db.apply(publicUpdates(3, { ns: { b: '3', d: null } }), { block: 3, tx: 0 });
      expect(before.height).toEqual({ block: 1, tx: 0 });
      expect(await shown(before)).toEqual(['a1', 'b1', 'd1']);
      expect(await shown(between)).toEqual(['a2', 'c2', 'd1']);
      expect(await shown(db)).toEqual(['a2', 'b3', 'c2']);
      expect((await before.get('ns', 'b'))?.version.block).toBe(1);
      expect(await before.get('ns', 'c')).toBeNull();
      expect(await before.getVersions([{ namespace: 'ns', key: 'a' }])).toEqual([{ block: 1, tx: 0 }]);
      expect((await before.getMany([{ namespace: 'ns', key: 'd' }])).map((one) => one?.version.block)).toEqual([1]);
      expect(await before.page('ns', '', '', 2)).toMatchObject({
        entries: [{ key: 'a' }, { key: 'b' }],
        bookmark: 'd',
      });
    });

    it('of the same moment are closed one by one', async () => {
      await using db = await open();
      await db.apply(publicUpdates(1, { ns: { a: '1' } }), { block: 1, tx: 0 });
      const [first, second] = [db.snapshot(), db.snapshot()];
      for (const one of [first, second]) {
        expect((await one.get('ns', 'a'))?.version.block).toBe(1);
        expect(await one.get('ns', 'b')).toBeNull();
      }
      await first.close();
      await first.close();
      await db.apply(publicUpdates(2, { ns: { a: '2', b: '2' } }), { block: 2, tx: 0 });
      await using after = db.snapshot();
      expect(await codeOf(() => first.get('ns', 'a'))).toBe('closed');
      expect((await second.get('ns', 'a'))?.version.block).toBe(1);
      expect(await second.get('ns', 'b')).toBeNull();
      expect(await shown(second)).toEqual(['a1']);
      await second.close();
      expect(await codeOf(() => second.get('ns', 'a'))).toBe('closed');
      expect((await after.get('ns', 'a'))?.version.block).toBe(2);
      expect(await shown(after)).toEqual(['a2', 'b2']);
    });

    it('are of no use once closed', async () => {
      await using db = await open();
      const snapshot = db.snapshot();
      await snapshot.close();
      expect(await codeOf(() => snapshot.get('ns', 'a'))).toBe('closed');
      expect(await codeOf(() => keysOf(snapshot, 'ns'))).toBe('closed');
      await snapshot.close();
    });
  });

  describe('exports and imports', () => {
    it('a scan gives all namespaces in order, but those not wanted', async () => {
      await using db = await open();
      const version = { block: 1, tx: 0 };
      const updates = publicUpdates(1, { b: { k2: '2', k1: '1' }, '': { c: 'c' }, a: { z: 'z' }, '😀': { k: 'k' } });
      updates.putPrivate('b', 'col', 'p', { value: value('p'), metadata: null, version });
      updates.putHashed('b', 'col', 'aa', { value: value('h'), metadata: null, version });
      await db.apply(updates, version);
      expect(names(await collect(db.scan()))).toEqual(['/c', 'a/z', 'b/k1', 'b/k2', 'b$$hcol/aa', 'b$$pcol/p', '😀/k']);
      expect(names(await collect(db.scan((namespace) => !namespace.startsWith('b'))))).toEqual(['/c', 'a/z', '😀/k']);
    });

    it('what is scanned can be loaded, once', async () => {
      await using source = await open();
      await using target = await open();
      const version = { block: 7, tx: 2 };
      const updates = publicUpdates(7, { ns: { a: '1', b: '2' } });
      updates.putHashed('cc', 'col', 'aa', { value: value('h'), metadata: value('m'), version });
      await source.apply(updates, version);
      await target.load(source.scan(), version);
      expect(await collect(target.scan())).toEqual(await collect(source.scan()));
      expect(await target.savepoint()).toEqual(version);
      expect(target.mayHaveMetadata('cc')).toBe(true);
      expect(target.mayHaveMetadata('ns')).toBe(false);
      expect(await codeOf(() => target.load([], version))).toBe('not_empty');
      expect(await codeOf(() => target.apply(new StateUpdates(), { block: 7, tx: 3 }))).toBe('order');
      await target.apply(new StateUpdates(), { block: 8, tx: 0 });
    });
  });

  it('says so when it is closed', async () => {
    const db = await open();
    await db.close();
    expect(await codeOf(() => db.get('ns', 'a'))).toBe('closed');
    expect(await codeOf(() => keysOf(db, 'ns'))).toBe('closed');
    expect(await codeOf(() => collect(db.scan()))).toBe('closed');
    expect(await codeOf(() => db.snapshot())).toBe('closed');
    expect(await codeOf(() => db.apply(publicUpdates(1, { ns: { a: '1' } }), { block: 1, tx: 0 }))).toBe('closed');
  });

  it('agrees with a plain sorted table after any sequence of batches', async () => {
    const name = fc.constantFrom('', 'ns', 'ns$', 'nt', 'ns$$pc');
    const key = fc.constantFrom(...KEYS, '');
    const change = fc.record({ name, key, to: fc.option(fc.constantFrom('1', '2', '3')), metadata: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 8 }),
        fc.nat(8),
        fc.record({ name, start: key, end: key, size: fc.nat(5) }),
        async (batches, snapshotAt, { name: asked, start, end, size }) => {
          await using db = await open();
          const model = new Map<string, VersionedEntry>();
          let snapshot = db.snapshot();
          let modelThen = new Map(model);
          for (const [index, batch] of batches.entries()) {
            const updates = new StateUpdates();
            const version = { block: index, tx: batch.length };
            for (const { name: namespace, key: one, to, metadata } of batch) {
              const held = to === null ? null : value(to);
              const described = to === null || !metadata ? null : value('m');
              updates.putPublic(namespace, one, { value: held, metadata: described, version });
              const id = JSON.stringify([namespace, one]);
              if (held === null) {
                model.delete(id);
              } else {
                model.set(id, { namespace, key: one, value: held, metadata: described, version });
              }
            }
            await db.apply(updates, version);
            if (index === snapshotAt) {
              await snapshot.close();
              snapshot = db.snapshot();
              modelThen = new Map(model);
            }
          }
          for (const [reader, expected] of [
            [db, model],
            [snapshot, modelThen],
          ] as const) {
            const within = [...expected.values()]
              .filter(
                (entry) =>
                  entry.namespace === asked &&
                  compareKeys(entry.key, start) >= 0 &&
                  (end === '' || compareKeys(entry.key, end) < 0),
              )
              .toSorted((first, second) => compareKeys(first.key, second.key));
            expect(await collect(reader.range(asked, start, end))).toEqual(within);
            expect(await reader.page(asked, start, end, size)).toEqual({
              entries: size === 0 ? within : within.slice(0, size),
              bookmark: size === 0 ? '' : (within[size]?.key ?? ''),
            });
            const keys = [...KEYS, ''].map((one) => ({ namespace: asked, key: one }));
            const found = keys.map((one) => expected.get(JSON.stringify([asked, one.key])) ?? null);
            expect(await reader.getVersions(keys)).toEqual(found.map((one) => one?.version ?? null));
            expect((await reader.getMany(keys)).map((one) => one?.metadata ?? null)).toEqual(
              found.map((one) => one?.metadata ?? null),
            );
          }
          await snapshot.close();
        },
      ),
      { numRuns: 60 },
    );
  });
}
