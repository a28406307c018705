import { accessSync, constants, existsSync, globSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { Command } from 'commander';
import type { Options } from '#config/options.ts';
import type { NodeSummary } from '#trace/store/traceStore.ts';
import { addOptions, optionsOf, STORE_OPTIONS } from '../commandOptions.ts';
import { fileOfStore, openStoreOf } from '../storeOf.ts';

type Verdict = 'ok' | 'note' | 'bad';
interface Check {
  readonly verdict: Verdict;
  readonly text: string;
}

const MARKS: Readonly<Record<Verdict, string>> = { ok: '✔', note: '•', bad: '✖' };

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('Check the installation, the store and what the logs will yield')
    .option('--logging-spec', 'print the FABRIC_LOGGING_SPEC to set on your nodes, and what each level adds and costs');
  addOptions(command, [...STORE_OPTIONS, 'logs', 'blocks', 'deliver', 'nodes', 'format', 'host', 'port'])
    .addHelpText('after', "\nExamples:\n  ftl doctor --logs '/var/log/fabric/*.log'\n  ftl doctor --logging-spec")
    .action(async () => {
      if (command.opts().loggingSpec === true) {
        const { loggingSpecText } = await import('#collector/decoders/loggingSpec.ts');
        process.stdout.write(loggingSpecText());
        return;
      }
      const { options, configFile } = optionsOf(command);
      const checks: Check[] = [
        { verdict: 'ok', text: `Node ${process.version}` },
        { verdict: 'note', text: configFile === null ? 'no configuration file' : `configuration file ${configFile}` },
        ...(await storeChecks(options)),
        ...(await logChecks(options)),
        ...blockChecks(options),
        ...(await deliverChecks(options)),
        await portCheck(options),
      ];
      for (const { verdict, text } of checks) process.stdout.write(`${MARKS[verdict]} ${text}\n`);
      if (checks.some((check) => check.verdict === 'bad')) process.exitCode = 1;
    });
  return command;
}

async function storeChecks(options: Options): Promise<Check[]> {
  const path = fileOfStore(options);
  if (path !== null && !existsSync(path)) {
    const folder = nearestFolder(path);
    try {
      accessSync(folder, constants.W_OK);
      return [{ verdict: 'note', text: `store ${options.store} is not there yet; it will be made` }];
    } catch {
      return [{ verdict: 'bad', text: `store ${options.store}: the folder ${folder} cannot be written to` }];
    }
  }
  try {
    const store = await openStoreOf(options, { mustExist: true });
    const info = await store.info();
    const nodes = await store.nodes();
    await store.close();
    return [
      {
        verdict: 'ok',
        text: `store ${options.store}: ${info.records} records, ${info.traces} traces, ${(info.bytes / 1e6).toFixed(1)} MB, schema ${info.schemaVersion}`,
      },
      ...nodes.flatMap(breakChecks),
    ];
  } catch (error) {
    return [{ verdict: 'bad', text: `store ${options.store}: ${(error as Error).message}` }];
  }
}

/** Breaks of one node that are named; of more the number is told. */
const SHOWN_BREAKS = 3;

/** What is wrong with a node's record stream. */
function breakChecks({ id, streamBreaks }: NodeSummary): Check[] {
  const shown = streamBreaks.slice(-SHOWN_BREAKS).map(({ kind, from, to, since, until, told }): Check => {
    const numbers = from === to ? `record ${from}` : `records ${from} to ${to}`;
    const what =
      kind === 'altered' ? 'not as the node wrote it' : told ? 'dropped by the node for want of room' : 'missing';
    return { verdict: 'bad', text: `${id}: ${numbers}, written between ${since} and ${until}: ${what}` };
  });
  const rest = streamBreaks.length - shown.length;
  if (rest > 0) shown.unshift({ verdict: 'bad', text: `${id}: ${rest} earlier breaks in its records` });
  return shown;
}

function nearestFolder(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

async function logChecks(options: Options): Promise<Check[]> {
  const { bundledRecording } = await import('../embedded.ts');
  const { inspectLog } = await import('#collector/inspectLog.ts');
  if (options.logs.length === 0)
    return [
      {
        verdict: 'note',
        text: `no logs named (--logs); \`ftl start\` then plays the recorded network${bundledRecording() === null ? ', which this installation lacks' : ''}`,
      },
    ];
  const checks: Check[] = [];
  for (const pattern of options.logs) {
    const files = globSync(pattern);
    if (files.length === 0) checks.push({ verdict: 'bad', text: `logs ${pattern}: no file matches (yet)` });
    for (const file of files) {
      const report = await inspectLog(file, options.format);
      checks.push({
        verdict: report.records > 0 && report.breaks === 0 ? 'ok' : 'bad',
        text: `${file}: ${report.summary}`,
      });
    }
  }
  return checks;
}

async function deliverChecks(options: Options): Promise<Check[]> {
  if (options.deliver.length === 0) return [];
  const [{ deliverTargets }, { probeTarget }] = await Promise.all([
    import('../embedded.ts'),
    import('#collector/deliver/probe.ts'),
  ]);
  try {
    const probes = await Promise.all(deliverTargets(options).map((target) => probeTarget(target)));
    return probes.flat().map(({ ok, text }) => ({ verdict: ok ? 'ok' : 'bad', text }));
  } catch (error) {
    return [{ verdict: 'bad', text: (error as Error).message }];
  }
}

function blockChecks(options: Options): Check[] {
  if (options.blocks.length === 0 && options.deliver.length > 0) return [];
  if (options.blocks.length === 0)
    return [
      {
        verdict: 'note',
        text: 'no blocks named (--blocks, --deliver): without them creators, endorsers and outcomes are known only as far as the logs tell',
      },
    ];
  return options.blocks.map((path) => {
    const there = existsSync(path) || globSync(path).length > 0;
    return there ? { verdict: 'ok', text: `blocks ${path}` } : { verdict: 'bad', text: `blocks ${path}: not there` };
  });
}

async function portCheck(options: Options): Promise<Check> {
  const { promise, resolve } = Promise.withResolvers<Check>();
  const probe = createServer();
  probe.once('error', (error: NodeJS.ErrnoException) => {
    resolve({
      verdict: 'bad',
      text: `${options.host}:${options.port} cannot be listened on (${error.code}); give another --port`,
    });
  });
  probe.listen(options.port, options.host, () => {
    probe.close(() => resolve({ verdict: 'ok', text: `${options.host}:${options.port} is free` }));
  });
  return promise;
}
