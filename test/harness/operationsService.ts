import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoggerLevels } from '#node/operations/loggerLevels.ts';
import { NodeOperations, type NodeOperationsOptions } from '#node/operations/nodeOperations.ts';
import type { TlsMaterial } from './tlsMaterial.ts';

export interface OperationsService extends AsyncDisposable {
  readonly url: URL;
  readonly operations: NodeOperations;
  /** What it logs now, and may be told by others than through `/logspec`. */
  readonly levels: LoggerLevels;
}

const quiet = (): void => {};

/** For tests: the operations service of an FTL node, without the node; with TLS it wants clients of the material's authority. */
export async function operationsService(
  options: Partial<NodeOperationsOptions> = {},
  tls?: TlsMaterial,
): Promise<OperationsService> {
  const folder = mkdtempSync(join(tmpdir(), 'ftl-operations-service-'));
  const levels = new LoggerLevels();
  const operations = await NodeOperations.start(
    {
      host: '127.0.0.1',
      port: 0,
      tls:
        tls === undefined
          ? null
          : {
              certificate: tls.server.cert,
              key: tls.server.key,
              clientAuthRequired: false,
              clientRoots: [tls.ca],
            },
      metrics: { provider: 'prometheus' },
      version: 'v9.8.7',
      commit: 'abc123',
      folder,
      ...options,
    },
    { sink: { debug: quiet, info: quiet, warn: quiet, error: quiet }, levels },
  );
  return {
    url: new URL(`http${tls === undefined ? '' : 's'}://${operations.address}`),
    operations,
    levels,
    async [Symbol.asyncDispose]() {
      await operations.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
