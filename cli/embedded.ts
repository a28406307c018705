import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { durationMs, type Options } from '#config/options.ts';
import { readBeatsFiles } from '#config/readBeats.ts';
import { readDeliver } from '#config/readDeliver.ts';
import { readNodes } from '#config/readNodes.ts';
import { operationsTargets, readOperationsTls } from '#config/readOperations.ts';
import { Registry } from 'prom-client';
import { parseBeatsAddress } from '#collector/beats/beatsOptions.ts';
import { type RunningCollector, startCollector } from '#collector/collector.ts';
import { type DeliverTarget, parseTargets } from '#collector/deliver/targets.ts';
import type { CollectorOptions, CommonOptions } from '#collector/options.ts';
import type { HttpListener } from '#node/http/httpListener.ts';
import { type RunningServer, startServer } from '#server/httpServer.ts';
import type { MonitoringOptions } from '#server/monitoring/monitoring.ts';
import { nodeTargets } from '#server/monitoring/nodeTarget.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { startCollectorService } from './collectorService.ts';
import { startUpkeep } from './store/upkeep.ts';
import { fileOfStore, folderOfStore, isSharedStore, openStoreOf } from './storeOf.ts';
import { FTL_VERSION } from './version.ts';

export interface EmbeddedFtl {
  readonly store: TraceStore;
  readonly collector: RunningCollector | null;
  readonly server: RunningServer | null;
  /** `host:port` where a collector without a page tells its metrics; null where it does not. */
  readonly metricsAddress: string | null;
  /** Stops in the order of the flow: sources, queue, server, store. */
  stop(): Promise<void>;
}

export interface EmbeddedParts {
  readonly collect: boolean;
  readonly serve: boolean;
}

/** The composition root of collector, store, server and page in one process; `collect` and `serve` run a part of it. */
export async function startEmbedded(options: Options, parts: EmbeddedParts, logger: Logger): Promise<EmbeddedFtl> {
  const store = await openStoreOf(options);
  const registry = new Registry();
  let collector: RunningCollector | null = null;
  let server: RunningServer | null = null;
  let service: HttpListener | null = null;
  try {
    if (parts.collect) {
      collector = await startCollector(
        {
          ...commonCollectorOptions(options),
          logs: options.logs,
          blocks: options.blocks,
          deliver: deliverTargets(options),
          ...beatsListen(options),
          start: options.from,
          pollMs: durationMs(options.pollInterval),
        },
        { store, logger, registry },
      );
    }
    if (parts.serve) {
      const webRoot = webBundle();
      server = await startServer(
        {
          host: options.host,
          port: options.port,
          allowedHosts: options.allowedHosts,
          version: FTL_VERSION,
          monitoring: monitoringOptions(options, logger),
          ...(webRoot === null ? {} : { webRoot }),
          ...(collector === null ? {} : { metricsRegistry: registry }),
        },
        { store, logger },
      );
    } else if (options.metrics !== '') {
      service = await startCollectorService(options.metrics, { store, registry });
    }
  } catch (error) {
    await collector?.stop();
    await store.close();
    throw error;
  }
  const keepMs = options.retention === '' ? null : durationMs(options.retention);
  const endUpkeep = startUpkeep({ isShared: isSharedStore(options), keepMs }, { store, logger });
  const [runningCollector, runningServer, runningService] = [collector, server, service];
  return {
    store,
    collector,
    server,
    metricsAddress: service?.address ?? null,
    async stop() {
      endUpkeep();
      await runningCollector?.stop();
      await runningServer?.close();
      await runningService?.close();
      await store.close();
    },
  };
}

/** The options that following and importing share. */
export function commonCollectorOptions(options: Options): CommonOptions {
  return {
    nodes: options.nodes === '' ? [] : readNodes(options.nodes),
    format: options.format,
    checkRecords: options.checkRecords,
    deadLetters: { path: deadLetterPath(options) },
  };
}

/** @throws ConfigError, CollectorError for a list that cannot be read or used */
export function deliverTargets({ deliver }: Options): DeliverTarget[] {
  const { targets, folder } = readDeliver(deliver);
  return parseTargets(targets, folder);
}

/** @throws ConfigError, CollectorError for an address or files that cannot be used */
export function beatsListen(options: Options): Pick<CollectorOptions, 'beats'> {
  if (options.beats === '') return {};
  const { host, port, plaintext } = parseBeatsAddress(options.beats);
  const versions = options.beatsVersions.map((version) => (version === '1' ? 1 : 2));
  return { beats: { host, port, versions, tls: plaintext ? null : readBeatsFiles(options) } };
}

/** @throws ConfigError for lists and files that cannot be used */
export function monitoringOptions(options: Options, logger: Logger): MonitoringOptions {
  const { prometheusUrl, alertmanagerUrl, monitoringAuthorization: authorization } = options;
  const tls = readOperationsTls(options);
  const isInMemory = fileOfStore(options) === ':memory:';
  return {
    ...(isInMemory ? {} : { logSpecFolder: join(folderOfStore(options), 'log-specs') }),
    targets: operationsTargets(options.operations, nodeTargets, ({ message }) =>
      logger.warn(`${message} What it named before is watched on.`),
    ),
    ...(tls === null ? {} : { tls }),
    ...(prometheusUrl === '' ? {} : { prometheus: prometheusUrl }),
    ...(alertmanagerUrl === '' ? {} : { alertmanager: alertmanagerUrl }),
    ...(authorization === '' ? {} : { authorization }),
  };
}

/** Beside the store unless the options say otherwise. */
export function deadLetterPath(options: Options): string {
  if (options.deadLetters !== '') return options.deadLetters;
  return join(folderOfStore(options), 'dead-letters.ndjson');
}

/** `dist/web` beside the sources, `web` beside the compiled files; null if it is not built. */
function webBundle(): string | null {
  const places = ['../dist/web', '../web'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return (
    places.find((place) => existsSync(join(place, 'index.html')) && !existsSync(join(place, 'vite.config.ts'))) ?? null
  );
}

/** The recording that comes with FTL. */
export function bundledRecording(): string | null {
  const places = ['../test/vectors/fabric-v3.1.5', '../recording'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return places.find((place) => existsSync(join(place, 'logs'))) ?? null;
}
