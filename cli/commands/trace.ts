import { Command } from 'commander';
import type { Options } from '#config/options.ts';
import type { TraceQuery, TraceStore } from '#trace/store/traceStore.ts';
import type { Trace } from '#trace/trace.ts';
import { addOptions, optionsOf, STORE_OPTIONS, wholeNumber } from '../commandOptions.ts';
import { openStoreOf } from '../storeOf.ts';
import { drawTrace } from '../traceDrawing.ts';

const MINIMUM_PREFIX = 8;

export function traceCommand(): Command {
  const command = new Command('trace')
    .description("Show a transaction's way")
    .argument('<txid>', 'transaction ID, or the first 8 or more characters of it')
    .option('--channel <name>', 'only in this channel')
    .option('--json', 'print the trace as JSON');
  addOptions(command, STORE_OPTIONS)
    .addHelpText(
      'after',
      `
Examples:
  ftl trace be8ab01d
  ftl trace be8ab01d0afab9121a7de06e94f71f70767c7842172d1c8920f20747bc844ff7 --json --store sqlite:/var/lib/ftl/ftl.db

Exit status: 0 found, 1 not found or ambiguous.`,
    )
    .action(async (txId: string) => {
      if (txId.length < MINIMUM_PREFIX)
        command.error(`error: ${txId} is too short: give ${MINIMUM_PREFIX} or more characters of the transaction ID`);
      await withStore(optionsOf(command).options, async (store) => {
        const trace = await lookUp(store, txId, command.opts().channel as string | undefined);
        if (trace === null) return;
        if (command.opts().json === true) process.stdout.write(`${JSON.stringify(trace, null, 2)}\n`);
        else process.stdout.write(`${drawTrace(trace, { color: useColor(), width: process.stdout.columns ?? 120 })}\n`);
      });
    });
  return command;
}

export function tracesCommand(): Command {
  const command = new Command('traces')
    .description('List traces, newest first, one a line')
    .option('--json', 'one JSON summary a line')
    .option('--limit <n>', 'at most so many (all with --json, 50 otherwise)', wholeNumber(1, 10_000_000))
    .option('--channel <name>', 'only this channel')
    .option('--code <name>', 'only this outcome, e.g. MVCC_READ_CONFLICT; NONE for transactions never committed')
    .option('--finding <code>', 'only traces with this finding')
    .option('--chaincode <name>', 'only this chaincode')
    .option('--participant <name>', 'only traces in which this node or client took part')
    .option('--text <words>', 'only traces that hold all these words');
  addOptions(command, STORE_OPTIONS)
    .addHelpText('after', '\nExamples:\n  ftl traces --code MVCC_READ_CONFLICT\n  ftl traces --json | jq .txId')
    .action(async () => {
      const { json, limit, ...query } = command.opts() as { json?: boolean; limit?: number } & TraceQuery;
      await withStore(optionsOf(command).options, async (store) => {
        await listTraces(store, pickQuery(query), limit ?? (json ? Number.POSITIVE_INFINITY : 50), json === true);
      });
    });
  return command;
}

function pickQuery(query: TraceQuery): TraceQuery {
  const { channel, code, finding, chaincode, participant, text } = query;
  return Object.fromEntries(
    Object.entries({ channel, code, finding, chaincode, participant, text }).filter(([, value]) => value !== undefined),
  );
}

async function withStore(options: Options, use: (store: TraceStore) => Promise<void>): Promise<void> {
  const store = await openStoreOf(options, { mustExist: true });
  try {
    await refreshAll(store);
    await use(store);
  } finally {
    await store.close();
  }
}

/** A collector may be at work beside us, so that there is always a little left: stop when no progress is made. */
async function refreshAll(store: TraceStore): Promise<void> {
  for (let remaining = Number.POSITIVE_INFINITY; remaining > 0; ) {
    const result = await store.refresh({ limit: 10_000 });
    if (result.refreshed === 0 || result.remaining >= remaining) return;
    remaining = result.remaining;
  }
}

async function lookUp(store: TraceStore, txId: string, channel: string | undefined): Promise<Trace | null> {
  const keys = await store.find(txId, channel === undefined ? {} : { channel });
  const exact = keys.filter((key) => key.txId === txId);
  const candidates = exact.length > 0 ? exact : keys;
  if (candidates.length > 1) {
    process.stderr.write(`${txId} is the beginning of several transaction IDs; give more of it or --channel:\n`);
    for (const key of candidates) process.stderr.write(`  ${key.txId}  ${key.channel}\n`);
    process.exitCode = 1;
    return null;
  }
  const [only] = candidates;
  if (only !== undefined) return store.trace(only);
  // A store that knows only shortened IDs (info-level logs of a transaction that was never ordered) can still tell.
  for (const { channel: name } of await store.channels()) {
    if (channel !== undefined && channel !== name) continue;
    const trace = await store.trace({ channel: name, txId });
    if (trace !== null) return trace;
  }
  process.stderr.write(
    `No record of ${txId} is in the store. It may not have been collected yet, or belong to another network; \`ftl doctor\` shows what is collected.\n`,
  );
  process.exitCode = 1;
  return null;
}

async function listTraces(store: TraceStore, query: TraceQuery, limit: number, json: boolean): Promise<void> {
  let cursor: string | undefined;
  for (let left = limit; left > 0; ) {
    const page = await store.traces({
      ...query,
      limit: Math.min(left, 1000),
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const item of page.items) {
      if (json) process.stdout.write(`${JSON.stringify(item)}\n`);
      else {
        const what = [item.chaincode ?? item.type ?? '', item.function].filter(Boolean).join('.');
        process.stdout.write(
          `${item.startedAt ?? ''.padEnd(27)}  ${item.txId.slice(0, 12)}  ${(item.code ?? 'not committed').padEnd(28)} ${String(item.block?.number ?? '').padStart(7)}  ${what}  ${item.findings.map((finding) => finding.code).join(' ')}\n`,
        );
      }
    }
    left -= page.items.length;
    if (page.next === null) return;
    cursor = page.next;
  }
}

function useColor(): boolean {
  if (process.env.NO_COLOR) return false;
  return process.stdout.isTTY || Boolean(process.env.FORCE_COLOR);
}
