import { resolve } from 'node:path';
import { connect } from '#node/grpc/grpcClient.ts';
import { NetworkConnections } from '#node/network/connections.ts';
import { DEFAULT_MIX, OPERATIONS, parseMix } from '#node/network/load/mix.ts';
import type { LoadOptions } from '#node/network/load/loadGenerator.ts';
import type { LoadReport } from '#node/network/load/loadStatistics.ts';
import { networkLoad } from '#node/network/load/networkLoad.ts';
import type { Layout } from '#node/network/layout.ts';
import { NetworkError } from '#node/network/networkError.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import { untilInterrupted } from '../untilInterrupted.ts';
import { liveLine, reportText } from './loadReport.ts';

export interface LoadFlags {
  readonly dir: string;
  readonly channel?: string;
  readonly chaincode?: string;
  readonly rate: number;
  readonly inFlight: number;
  readonly count?: number;
  /** Seconds, as is `timeout`. */
  readonly duration?: number;
  readonly mix?: string;
  readonly timeout: number;
  readonly json?: boolean;
}

const DEFAULT_DURATION_S = 30;
const CONNECT_MS = 10_000;
const REFRESH_MS = 500;

export async function loadCommandRun(flags: LoadFlags): Promise<void> {
  if (flags.mix === 'help') {
    const lines = Object.entries(OPERATIONS).map(([name, meaning]) => `  ${name.padEnd(11)} ${meaning}`);
    process.stdout.write(`${lines.join('\n')}\n`);
    return;
  }
  const folder = new NetworkFolder(resolve(flags.dir));
  const layout = folder.read();
  const options = loadOptions(flags, layout);
  const connections = new NetworkConnections({ folder, layout }, { connect });
  const stop = new AbortController();
  void untilInterrupted().then(() => stop.abort());
  try {
    const generator = await networkLoad(
      options,
      connections,
      AbortSignal.any([stop.signal, connectTimeout(flags.dir)]),
    );
    const running = generator.run(stop.signal);
    const report =
      process.stderr.isTTY && flags.json !== true ? await shown(running, () => generator.report()) : await running;
    process.stdout.write(flags.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
  } finally {
    await connections.close();
  }
}

function connectTimeout(dir: string): AbortSignal {
  const controller = new AbortController();
  const message = `the network in ${dir} does not answer; \`ftl network status\` tells more`;
  setTimeout(() => controller.abort(new NetworkError('not_ready', message)), CONNECT_MS).unref();
  return controller.signal;
}

function loadOptions(flags: LoadFlags, { channels, chaincodes }: Layout): LoadOptions {
  const channelId = flags.channel ?? channels[0]?.name ?? '';
  const there = chaincodes.filter((one) => one.channels.includes(channelId));
  const { count, duration } = flags;
  const seconds = duration ?? (count === undefined ? DEFAULT_DURATION_S : null);
  return {
    channelId,
    chaincode: flags.chaincode ?? there.find(({ path }) => path === null)?.name ?? there[0]?.name ?? '',
    mix: flags.mix === undefined ? DEFAULT_MIX : parseMix(flags.mix),
    rate: flags.rate,
    inFlight: flags.inFlight,
    count: count ?? null,
    durationMs: seconds === null ? null : seconds * 1000,
    timeoutMs: flags.timeout * 1000,
  };
}

/** One line on the terminal, written over again and again. */
async function shown(running: Promise<LoadReport>, report: () => LoadReport): Promise<LoadReport> {
  const draw = (): void => void process.stderr.write(`\r\x1b[K${liveLine(report())}`);
  const timer = setInterval(draw, REFRESH_MS);
  try {
    return await running;
  } finally {
    clearInterval(timer);
    process.stderr.write('\r\x1b[K');
  }
}
