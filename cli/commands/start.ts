import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { ConfigError, type LoadedOptions } from '#config/loadOptions.ts';
import type { OptionKey, Options } from '#config/options.ts';
import type { NetworkFolder } from '#node/network/networkFolder.ts';
import { addOptions, optionsOf, STORE_OPTIONS } from '../commandOptions.ts';
import type { EmbeddedFtl, EmbeddedParts } from '../embedded.ts';
import { createLogger } from '../logger.ts';
import { folderOfStore } from '../storeOf.ts';
import { untilInterrupted } from '../untilInterrupted.ts';

const COLLECT: readonly OptionKey[] = [
  ...STORE_OPTIONS,
  'elasticsearchRolloverAge',
  'elasticsearchRolloverSize',
  'logs',
  'blocks',
  'deliver',
  'beats',
  'beatsCertificate',
  'beatsKey',
  'beatsClientCa',
  'beatsVersions',
  'nodes',
  'format',
  'from',
  'deadLetters',
  'pollInterval',
  'checkRecords',
  'retention',
  'logLevel',
];
const SERVE: readonly OptionKey[] = [
  ...STORE_OPTIONS,
  'elasticsearchRolloverAge',
  'elasticsearchRolloverSize',
  'host',
  'port',
  'allowedHosts',
  'operations',
  'operationsCa',
  'operationsCertificate',
  'operationsKey',
  'prometheusUrl',
  'alertmanagerUrl',
  'retention',
  'open',
  'logLevel',
];

/** Of the recording's two minutes this much is there at once. */
const HEAD_START_MS = 27_000;

export function startCommand(): Command {
  const command = new Command('start').description('Collect, store and serve in one process, and open the page');
  addOptions(command, [...new Set([...COLLECT, ...SERVE])])
    .option(
      '--network',
      "run a network of FTL's own nodes on this machine, keep it busy, and trace it (the default where neither store, logs, blocks, deliver nor beats are given)",
    )
    .option('--recording', 'play the recorded Fabric network that comes with FTL')
    .addHelpText(
      'after',
      `
Examples:
  ftl start                                             run a network and trace it; the next start continues it
  ftl start --recording                                 play a recorded Fabric network
  ftl start --logs '/var/log/fabric/*.log'              follow your own network's logs
  ftl start --logs 'logs/*.log' --blocks blocks/        the same, with the blocks as ground truth
  ftl start --logs 'logs/*.log' --deliver peers.yaml    the same, with blocks as peers commit them
  ftl start --store sqlite:/var/lib/ftl/ftl.db --port 8080 --no-open`,
    )
    .action(async () => {
      const loaded = optionsOf(command);
      await run(await planOf(loaded, command.opts<{ recording?: boolean; network?: boolean }>()), {
        collect: true,
        serve: true,
      });
    });
  return command;
}

export function collectCommand(): Command {
  const command = new Command('collect').description('Collect into the store, without a page');
  addOptions(command, [...COLLECT, 'metrics'])
    .addHelpText(
      'after',
      "\nExample:\n  ftl collect --logs '/var/log/fabric/*.log' --blocks /var/fabric/blocks --store sqlite:/var/lib/ftl/ftl.db",
    )
    .action(async () => {
      const { options } = optionsOf(command);
      const { logs, blocks, deliver, beats } = options;
      if (logs.length === 0 && blocks.length === 0 && deliver.length === 0 && beats === '')
        command.error(
          'error: nothing to collect: give --logs, --blocks, --deliver or --beats (or FTL_LOGS, FTL_BLOCKS, FTL_DELIVER, FTL_BEATS, or a configuration file)',
        );
      await run({ options, cleanUp: () => {} }, { collect: true, serve: false });
    });
  return command;
}

export function serveCommand(): Command {
  const command = new Command('serve').description('Serve the API and the page from a store that others fill');
  addOptions(command, SERVE)
    .addHelpText('after', '\nExample:\n  ftl serve --store sqlite:/var/lib/ftl/ftl.db --port 8080 --no-open')
    .action(async () => {
      await run({ options: optionsOf(command).options, cleanUp: () => {} }, { collect: false, serve: true });
    });
  return command;
}

interface Plan {
  readonly options: Options;
  /** Removes what only this run needed. */
  readonly cleanUp: () => void;
  /** What runs beside the page until the signal; it may end before only by failing. */
  readonly beside?: (signal: AbortSignal) => Promise<void>;
}

async function planOf(
  loaded: LoadedOptions,
  { recording, network }: { readonly recording?: boolean; readonly network?: boolean },
): Promise<Plan> {
  if (recording === true && network === true) throw new ConfigError('--recording and --network exclude each other.');
  if (recording === true) return withRecording(loaded.options);
  if (network === true || nothingAsked(loaded)) return withNetwork(loaded.options);
  return { options: loaded.options, cleanUp: () => {} };
}

function nothingAsked({ defaulted }: LoadedOptions): boolean {
  return ['store', 'logs', 'blocks', 'deliver', 'beats'].every((key) => defaulted.has(key as OptionKey));
}

async function withRecording(options: Options): Promise<Plan> {
  const { bundledRecording } = await import('../embedded.ts');
  const { playRecording } = await import('#collector/recording/player.ts');
  const recording = bundledRecording();
  if (recording === null)
    throw new Error('The recorded network is not in this installation; give --logs to follow your own.');
  const folder = mkdtempSync(join(tmpdir(), 'ftl-recording-'));
  process.stdout.write(
    'Playing a recorded Fabric 3.1.5 network (3 organisations, 5 peers, 3 orderers) as if it ran now.\n',
  );
  const player = playRecording({ recording, into: folder, headStart: HEAD_START_MS });
  return {
    options: {
      ...options,
      store: `sqlite:${join(folder, 'ftl.db')}`,
      logs: [player.logs],
      blocks: [player.blocks],
      from: 'beginning',
    },
    cleanUp() {
      player.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** The network lies beside the store, and is continued by the next start. */
async function withNetwork(options: Options): Promise<Plan> {
  const { runLiveNetwork } = await import('../liveNetwork.ts');
  const { bringInto } = await import('../network/create.ts');
  const { NetworkFolder: Folder } = await import('#node/network/networkFolder.ts');
  const folder = new Folder(resolve(folderOfStore(options), 'network'));
  await bringInto(folder, undefined, print);
  return {
    options: {
      ...options,
      logs: [...options.logs, folder.records],
      nodes: options.nodes === '' ? folder.nodes : options.nodes,
      operations: [...options.operations, await operationsOf(folder)],
      deliver: options.deliver.length === 0 && existsSync(folder.deliver) ? folder.deliver : options.deliver,
      from: 'beginning',
    },
    cleanUp: () => {},
    beside: (signal) => runLiveNetwork(folder, signal, (step) => print(`Network: ${step}`)),
  };
}

/** The list of the nodes' operations services; made here for a network of the time when none was written. */
async function operationsOf(folder: NetworkFolder): Promise<string> {
  const file = folder.prometheusTargets;
  if (!existsSync(file)) {
    const { prometheusTargets } = await import('#node/network/prometheusTargets.ts');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(prometheusTargets(folder.read()), null, 2)}\n`);
  }
  return file;
}

async function run(plan: Plan, parts: EmbeddedParts): Promise<void> {
  // Loaded only here, so that `--help` and `trace` need not wait for it.
  const { startEmbedded } = await import('../embedded.ts');
  let ftl: EmbeddedFtl | undefined;
  // From here on a signal ends things in their order.
  const interrupted = untilInterrupted();
  try {
    ftl = await startEmbedded(plan.options, parts, createLogger(plan.options.logLevel));
    announce(plan.options, ftl);
    await untilStopped(plan, interrupted);
  } finally {
    await ftl?.stop();
    plan.cleanUp();
  }
}

async function untilStopped({ beside }: Plan, interrupted: Promise<void>): Promise<void> {
  const stop = new AbortController();
  const stopped = async (): Promise<void> => {
    await interrupted;
    print('Stopping …');
    stop.abort(new Error('interrupted'));
  };
  // A terminal that is closed must not leave a network behind.
  process.once('SIGHUP', () => process.emit('SIGTERM'));
  const over = stopped();
  await (beside === undefined ? over : beside(stop.signal));
}

function announce(options: Options, ftl: EmbeddedFtl): void {
  if (ftl.collector !== null && options.logs.length > 0) process.stdout.write(`Following ${options.logs.join(', ')}\n`);
  if (ftl.server === null) {
    process.stdout.write(`Collecting into ${options.store}. Ctrl-C stops.\n`);
    if (ftl.metricsAddress !== null) process.stdout.write(`Metrics are at http://${ftl.metricsAddress}/metrics\n`);
    return;
  }
  process.stdout.write(`FTL is at ${ftl.server.url}  (store ${options.store}). Ctrl-C stops.\n`);
  if (options.open && process.stdout.isTTY) openBrowser(ftl.server.url);
}

/** Best effort: where there is no browser, the printed URL is what the user needs. */
function openBrowser(url: string): void {
  const [program, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['cmd', ['/c', 'start', '', url]]
        : ['xdg-open', [url]];
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
