import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from '@hyperledger/fabric-protos';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TxSimulator } from '../simulator/txSimulator.ts';
import { LevelStateDatabase } from '../state/levelStateDatabase.ts';
import { MemoryStateDatabase } from '../state/memoryStateDatabase.ts';
import { hashedNamespace } from '../state/namespaces.ts';
import type { Height, StateDatabase, StateSnapshot } from '../state/stateDatabase.ts';
import { encodeMetadata } from '../state/stateMetadata.ts';
import { testBlock } from './testBlock.ts';
import { validateAndPrepare } from './validateAndPrepare.ts';

const { VALID, MVCC_READ_CONFLICT, PHANTOM_READ_CONFLICT } = peer.TxValidationCode;

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ftl-model-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const databases = {
  memory: async (): Promise<StateDatabase> => new MemoryStateDatabase(),
  leveldb: (): Promise<StateDatabase> => LevelStateDatabase.open(join(folder, String(count++))),
};

/** One call of a chaincode. `limit`: keys that it takes of a range before it stops. */
type Step =
  | { readonly do: 'get'; readonly ns: string; readonly key: string }
  | { readonly do: 'put'; readonly ns: string; readonly key: string; readonly value: string }
  | { readonly do: 'delete'; readonly ns: string; readonly key: string }
  | { readonly do: 'metadata'; readonly ns: string; readonly key: string; readonly value: string }
  | { readonly do: 'range'; readonly ns: string; readonly start: string; readonly end: string; readonly limit: number }
  | { readonly do: 'getHash'; readonly ns: string; readonly key: string }
  | { readonly do: 'putPrivate'; readonly ns: string; readonly key: string; readonly value: string };

interface Cell {
  readonly value: string;
  readonly metadata: string | null;
  readonly version: Height;
}

/** State as a plain table; keys of collection `col` stand for their hashes. */
type Table = ReadonlyMap<string, Cell>;

const cell = (ns: string, key: string): string => `${ns}/${key}`;
const hashCell = (ns: string, key: string): string => `${ns}#${key}`;

interface Seen {
  readonly kind: 'read' | 'range';
  readonly look: (table: Table) => string;
  readonly what: string;
}

/** What a transaction saw, as questions that can be asked again. */
function observations(steps: readonly Step[], table: Table): Seen[] {
  const looks = steps.flatMap((step): Omit<Seen, 'what'>[] => {
    if (step.do === 'get') {
      return [{ kind: 'read', look: (now) => JSON.stringify(now.get(cell(step.ns, step.key))?.version ?? null) }];
    }
    if (step.do === 'getHash') {
      return [{ kind: 'read', look: (now) => JSON.stringify(now.get(hashCell(step.ns, step.key))?.version ?? null) }];
    }
    if (step.do === 'range') {
      const all = within(table, step.ns, step.start, step.end);
      // Who stopped early depends on nothing behind the last key seen.
      const end = all.length < step.limit ? step.end : `${all[step.limit - 1]?.[0]}\0`;
      return [{ kind: 'range', look: (now) => JSON.stringify(within(now, step.ns, step.start, end)) }];
    }
    return [];
  });
  return looks.map((one) => Object.assign(one, { what: one.look(table) }));
}

function within(table: Table, ns: string, start: string, end: string): [string, Height][] {
  return [...table]
    .filter(([id]) => id.startsWith(`${ns}/`))
    .map(([id, { version }]): [string, Height] => [id.slice(ns.length + 1), version])
    .filter(([key]) => key >= start && (end === '' || key < end))
    .toSorted(([first], [second]) => (first < second ? -1 : 1));
}

/** State after a valid transaction. */
function applied(steps: readonly Step[], table: Table, version: Height): Table {
  const next = new Map(table);
  const last = new Map<string, { value?: string | null; metadata?: string }>();
  for (const step of steps) {
    if (step.do === 'put' || step.do === 'delete') {
      const id = cell(step.ns, step.key);
      last.set(id, { ...last.get(id), value: step.do === 'put' ? step.value : null });
    } else if (step.do === 'metadata') {
      const id = cell(step.ns, step.key);
      last.set(id, { ...last.get(id), metadata: step.value });
    } else if (step.do === 'putPrivate') {
      last.set(hashCell(step.ns, step.key), { value: step.value });
    }
  }
  for (const [id, { value, metadata }] of last) {
    const before = table.get(id);
    const held = value === undefined ? before?.value : value;
    if (held === null || held === undefined) {
      if (value === null) {
        next.delete(id);
      }
      continue;
    }
    const described = metadata === undefined ? (before?.metadata ?? null) : metadata === '' ? null : metadata;
    next.set(id, { value: held, metadata: described, version });
  }
  return next;
}

async function simulate(steps: readonly Step[], state: StateSnapshot): Promise<Uint8Array> {
  await using simulator = new TxSimulator({ txId: 'tx' }, { state, collections: async () => new Set(['col']) });
  for (const step of steps) {
    if (step.do === 'get') {
      await simulator.getState(step.ns, step.key);
    } else if (step.do === 'put') {
      await simulator.setState(step.ns, step.key, Buffer.from(step.value));
    } else if (step.do === 'delete') {
      await simulator.deleteState(step.ns, step.key);
    } else if (step.do === 'metadata') {
      const entries = step.value === '' ? [] : [['m', Buffer.from(step.value)] as const];
      await simulator.setStateMetadata(step.ns, step.key, new Map(entries));
    } else if (step.do === 'getHash') {
      await simulator.getPrivateDataHash(step.ns, 'col', step.key);
    } else if (step.do === 'putPrivate') {
      await simulator.setPrivateData(step.ns, 'col', step.key, Buffer.from(step.value));
    } else {
      const iterator = await simulator.getStateRange(step.ns, step.start, step.end);
      for (let taken = 0; taken < step.limit && (await iterator.next()) !== null; ) {
        taken++;
      }
    }
  }
  return simulator.results().publicBytes;
}

const ns = fc.constantFrom('cc1', 'cc2');
const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const value = fc.constantFrom('1', '2', '3');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('get' as const), ns, key }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('put' as const), ns, key, value }) },
  fc.record({ do: fc.constant('delete' as const), ns, key }),
  fc.record({ do: fc.constant('metadata' as const), ns, key, value: fc.constantFrom('', 'p', 'q') }),
  fc.record({
    do: fc.constant('range' as const),
    ns,
    start: fc.constantFrom('', 'a', 'b', 'c'),
    end: fc.constantFrom('', 'c', 'd', 'e', 'z'),
    limit: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ do: fc.constant('getHash' as const), ns, key }),
  fc.record({ do: fc.constant('putPrivate' as const), ns, key, value }),
);
const transaction = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 5 }), lag: fc.nat(2) });
const chain = fc.array(fc.array(transaction, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });

/** How a state database holds what the model holds, for the keys of the model. */
async function stateOf(state: StateDatabase): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  for await (const { namespace, key: name, value: bytes, metadata, version } of state.scan()) {
    all[`${namespace}/${name}`] = [Buffer.from(bytes).toString('latin1'), metadata && [...metadata], version];
  }
  return all;
}

function expected(table: Table): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const [id, { value: text, metadata, version }] of table) {
    const described = metadata === null ? null : [...encodeMetadata([{ name: 'm', value: Buffer.from(metadata) }])];
    if (id.includes('#')) {
      const [name, plain] = id.split('#') as [string, string];
      const keyHash = createHash('sha256').update(plain).digest('hex');
      const hash = createHash('sha256').update(text).digest().toString('latin1');
      all[`${hashedNamespace(name, 'col')}/${keyHash}`] = [hash, described, version];
    } else {
      all[id] = [text, described, version];
    }
  }
  return all;
}

describe.each(Object.entries(databases))('MVCC over %s', (_kind, open) => {
  it('decides as one who asks every question again does, and leaves the same state', async () => {
    const met = new Set<number>();
    await fc.assert(
      fc.asyncProperty(chain, async (blocks) => {
        await using state = await open();
        let table: Table = new Map();
        /** State before each block, for simulations that lag behind. */
        const past: Table[] = [];
        /** Results by the block at which they were simulated: done while that state was current. */
        const simulated = new Map<string, Uint8Array>();
        for (let number = 0; number < blocks.length; number++) {
          past.push(table);
          for (let later = number; later < Math.min(blocks.length, number + 3); later++) {
            for (const [index, { steps, lag }] of (blocks[later] ?? []).entries()) {
              if (Math.max(0, later - lag) === number) {
                simulated.set(`${later}:${index}`, await simulate(steps, state.snapshot()));
              }
            }
          }
          const own = blocks[number] ?? [];
          const block = testBlock(
            number,
            own.map((_, index) => ({ results: simulated.get(`${number}:${index}`) ?? new Uint8Array() })),
          );
          const result = await validateAndPrepare(block, new Uint8Array(own.length), state);
          const codes: number[] = [];
          const written = new Set<string>();
          for (const [index, { steps, lag }] of own.entries()) {
            const then = past[Math.max(0, number - lag)] ?? new Map();
            const now = table;
            const seen = observations(steps, then);
            // A key written earlier in the block counts as changed even where it was absent before and after.
            const touched = steps.some(
              (one) =>
                (one.do === 'get' && written.has(cell(one.ns, one.key))) ||
                (one.do === 'getHash' && written.has(hashCell(one.ns, one.key))),
            );
            const stale = seen.filter(({ look, what }) => look(now) !== what);
            if (stale.length === 0 && !touched) {
              codes.push(VALID);
              table = applied(steps, now, { block: number, tx: index });
              for (const one of steps) {
                if (one.do === 'put' || one.do === 'delete') {
                  written.add(cell(one.ns, one.key));
                } else if (one.do === 'putPrivate') {
                  written.add(hashCell(one.ns, one.key));
                } else if (one.do === 'metadata' && table.get(cell(one.ns, one.key))?.version.tx === index) {
                  written.add(cell(one.ns, one.key));
                }
              }
            } else {
              const kinds = new Set(stale.map(({ kind }) => kind));
              if (touched) {
                kinds.add('read');
              }
              const allowed = [
                ...(kinds.has('read') ? [MVCC_READ_CONFLICT] : []),
                ...(kinds.has('range') ? [PHANTOM_READ_CONFLICT] : []),
              ];
              codes.push(allowed.find((code) => code === result.codes[index]) ?? (allowed[0] as number));
            }
            met.add(codes.at(-1) as number);
          }
          expect([...result.codes]).toEqual(codes);
          expect([...result.reasons.keys()]).toEqual(codes.flatMap((code, index) => (code === VALID ? [] : [index])));
          await state.apply(result.updates, { block: number, tx: own.length - 1 });
          expect(await stateOf(state)).toEqual(expected(table));
        }
      }),
      { numRuns: 150 },
    );
    expect([...met].toSorted((first, second) => first - second)).toEqual([
      VALID,
      MVCC_READ_CONFLICT,
      PHANTOM_READ_CONFLICT,
    ]);
  });
});
