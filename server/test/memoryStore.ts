import { StoreError } from '#trace/store/errors.ts';
import type { StoredRecord } from '#trace/record.ts';
import { traceIdOf } from '#trace/record.ts';
import type { BlockSummary, Page, TraceKey, TraceStore } from '#trace/store/traceStore.ts';
import type { Trace, TraceSummary } from '#trace/trace.ts';

const idOf = ({ record }: StoredRecord) => record.ftl.tx_id ?? record.ftl.tx_id_prefix;

const page = <T>(items: readonly T[], query: { limit?: number; cursor?: string }): Page<T> => {
  const from = Number(query.cursor ?? 0);
  if (!Number.isInteger(from)) throw new StoreError('invalid_query', 'The cursor is not one of this store.');
  const to = from + (query.limit ?? 50);
  return { items: items.slice(from, to), next: to < items.length ? String(to) : null };
};

/** Stands in for a real store until there is one; assembles roughly. */
export function openMemoryStore(): TraceStore {
  const records = new Map<string, StoredRecord & { revision: number }>();
  let revision = 0;
  let closed = false;
  const all = () => {
    if (closed) throw new StoreError('closed', 'the store is closed');
    return [...records.values()];
  };
  const keys = (): TraceKey[] => {
    const seen = new Map<string, TraceKey>();
    for (const stored of all()) {
      const txId = idOf(stored);
      const { channel } = stored.record.ftl;
      if (txId !== undefined && channel !== undefined) seen.set(`${channel} ${txId}`, { channel, txId });
    }
    return [...seen.values()];
  };
  const own = (key: TraceKey) => {
    const mine = all().filter((stored) => {
      const id = idOf(stored);
      return (
        stored.record.ftl.channel === key.channel &&
        id !== undefined &&
        (id === key.txId || (id.length < 64 && key.txId.startsWith(id)))
      );
    });
    const number = mine.find((stored) => stored.record.ftl.point === 'block.tx')?.record.ftl.block?.number;
    const blocks = all().filter(
      ({ record: { ftl } }) =>
        number !== undefined &&
        ftl.channel === key.channel &&
        ftl.block?.number === number &&
        ['gossip.commit', 'deliver.block'].includes(ftl.point),
    );
    return [...mine, ...blocks].toSorted((a, b) => (a.record['@timestamp'] < b.record['@timestamp'] ? -1 : 1));
  };
  const assemble = (key: TraceKey): Trace | null => {
    const mine = own(key);
    if (mine.length === 0) return null;
    const ftl = mine.map((stored) => stored.record.ftl);
    const tx = ftl.find((fields) => fields.point === 'block.tx');
    const commits = mine.filter((stored) => stored.record.ftl.point === 'gossip.commit');
    const none = { startedAt: null, endedAt: null, durationUs: null };
    const prefix = ftl.find((fields) => fields.tx_id_prefix)?.tx_id_prefix;
    return {
      ...key,
      ...(prefix === undefined ? {} : { txIdPrefix: prefix }),
      traceId: traceIdOf(key.channel, key.txId),
      type: tx?.tx_type ?? null,
      chaincode: ftl.find((fields) => fields.chaincode)?.chaincode ?? null,
      function: ftl.find((fields) => fields.function)?.function ?? null,
      creator: tx?.sender?.id ?? null,
      code: tx?.code ?? null,
      block: tx?.block ? { number: tx.block.number, hash: tx.block.hash ?? null, index: tx.tx_index ?? null } : null,
      startedAt: mine[0]?.record['@timestamp'] ?? null,
      endedAt: null,
      durationUs: null,
      stages: { endorse: none, order: none, deliver: none, commit: none },
      participants: [],
      edges: [],
      commits: commits.map(({ id, record }) => ({
        peer: record.ftl.receiver?.id ?? '',
        at: record['@timestamp'],
        code: 'VALID',
        delayUs: 0,
        records: [id],
      })),
      missing: [],
      unobserved: [],
      endorsers: [],
      policy: { expression: null, satisfied: null, satisfiedBy: [], reason: null },
      readWriteSets: [],
      findings: [],
      duplicates: [],
      clockOffsets: {},
      recordCount: mine.length,
    };
  };
  const summary = (key: TraceKey): TraceSummary => {
    const trace = assemble(key) as Trace;
    const { channel, txId, traceId, type, chaincode, creator, code, block, startedAt, endedAt, durationUs } = trace;
    return {
      channel,
      txId,
      traceId,
      type,
      chaincode,
      function: trace.function,
      creator,
      code,
      block,
      startedAt,
      endedAt,
      durationUs,
      endorsers: [],
      participants: [],
      findings: [],
      stages: { endorse: null, order: null, deliver: null, commit: null },
      committed: trace.commits.length,
      missing: 0,
    };
  };
  const blocks = (): BlockSummary[] =>
    all()
      .filter((stored) => stored.record.ftl.point === 'block.header')
      .map(({ record: { ftl, ...record } }) => ({
        channel: ftl.channel ?? '',
        number: ftl.block?.number ?? 0,
        hash: ftl.block?.hash ?? null,
        previousHash: ftl.block?.previous_hash ?? null,
        dataHash: ftl.block?.data_hash ?? null,
        txCount: ftl.txs?.length ?? null,
        txs: (ftl.txs ?? []).map((tx) => ({ id: tx.id, type: tx.type ?? null, code: tx.code ?? null })),
        commits: [],
        firstSeenAt: record['@timestamp'],
      }));
  const nothing = { count: 0, p50: null, p95: null, p99: null };
  return {
    async append(more) {
      let added = 0;
      revision += 1;
      for (const stored of more) {
        if (records.has(stored.id)) continue;
        records.set(stored.id, { ...stored, revision });
        added += 1;
      }
      return { added, known: more.length - added };
    },
    checkpoints: async () => new Map(),
    refresh: async () => (all(), { refreshed: 0, remaining: 0 }),
    find: async (id, { channel, limit = 10 } = {}) =>
      keys()
        .filter((key) => key.txId.startsWith(id) && (channel === undefined || key.channel === channel))
        .slice(0, limit),
    trace: async (key) => assemble(key),
    records: async (key) => own(key).map(({ id, record }) => ({ id, record })),
    traces: async (query) =>
      page(
        keys()
          .map(summary)
          .filter((trace) => query.channel === undefined || trace.channel === query.channel)
          .filter((trace) => query.code === undefined || trace.code === query.code),
        query,
      ),
    blocks: async (query) =>
      page(
        blocks().filter((block) => query.channel === undefined || block.channel === query.channel),
        query,
      ),
    block: async (channel, number) =>
      blocks().find((block) => block.channel === channel && block.number === number) ?? null,
    nodes: async () => [],
    leaders: async () => [],
    channels: async () =>
      [...new Set(keys().map((key) => key.channel))].map((channel) => ({ channel, height: 1, peers: [], traces: 1 })),
    statistics: async () => ({
      from: null,
      to: null,
      bucketUs: 1,
      throughput: [],
      outcomes: {},
      latency: { endorse: nothing, order: nothing, deliver: nothing, commit: nothing, total: nothing },
      findings: [],
      edges: [],
    }),
    changes: async (after, { limit = 500 } = {}) => {
      const latest = new Map<string, { key: TraceKey; revision: number }>();
      for (const stored of all()) {
        const txId = idOf(stored);
        const { channel } = stored.record.ftl;
        if (txId !== undefined && channel !== undefined)
          latest.set(`${channel} ${txId}`, { key: { channel, txId }, revision: stored.revision });
      }
      const changed = [...latest.values()]
        .filter((change) => change.revision > after)
        .toSorted((a, b) => a.revision - b.revision);
      const upTo = changed[limit - 1]?.revision ?? revision;
      return {
        revision: Math.max(after, upTo),
        traces: changed.filter((change) => change.revision <= upTo).map((change) => summary(change.key)),
        blocks: all()
          .filter(
            (stored) =>
              stored.record.ftl.point === 'block.header' && stored.revision > after && stored.revision <= upTo,
          )
          .map(({ record }) => ({ channel: record.ftl.channel ?? '', number: record.ftl.block?.number ?? 0 })),
      };
    },
    revision: async () => (all(), revision),
    dropBefore: async () => ({ records: 0, traces: 0 }),
    info: async () => ({
      kind: 'memory',
      location: '',
      schemaVersion: 1,
      records: records.size,
      traces: keys().length,
      bytes: 0,
    }),
    async close() {
      closed = true;
    },
  };
}
