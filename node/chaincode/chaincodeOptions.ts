import type { ProcessUser } from './launch/childSession.ts';
import type { Environment } from './launch/environment.ts';
import type { ExternalBuilderOptions } from './launch/externalBuilder.ts';
import { RESTART, type RestartOptions } from './launch/restartDelay.ts';
import type { BatchOptions } from './shim/messages.ts';

/** Section `chaincode` of core.yaml, and what goes with it. Durations are milliseconds. */
export interface ResolvedOptions extends BatchOptions {
  /** `chaincode.executetimeout` */
  readonly executeTimeoutMs: number;
  /** `chaincode.installTimeout`: for a build when a package is installed. */
  readonly installTimeoutMs: number;
  /** `chaincode.startuptimeout`: until it registered, builds included. */
  readonly startupTimeoutMs: number;
  /** `chaincode.keepalive`; 0: none. */
  readonly keepaliveMs: number;
  /** `ledger.state.totalQueryLimit` */
  readonly totalQueryLimit: number;
  /** `chaincode.mode: dev`: chaincode that the peer did not start may register. */
  readonly devMode: boolean;
  /** `chaincode.externalBuilders` */
  readonly externalBuilders: readonly ExternalBuilderOptions[];
  /** Stand for `{{.name}}` in `connection.json` of services. */
  readonly serviceNames: Readonly<Record<string, string>>;
  /** The peer's own; programs that it starts see little of it. */
  readonly environment: Environment;
  /** As whom chaincode runs; null: as whom the peer does. Default: nobody (65534) where the peer is root. */
  readonly user: ProcessUser | null;
  /** Whether chaincode that the peer starts comes by TLS, with a certificate of its own. */
  readonly tls: boolean;
  readonly restart: RestartOptions;
  /** Where builds are kept. */
  readonly buildsFolder: string;
  /** `host:port` where chaincode that the peer starts finds `listener`: `peer.chaincodeAddress`, else the listening address. */
  readonly peerAddress: () => string;
  readonly mspId: string;
}

type Required = 'buildsFolder' | 'peerAddress' | 'mspId' | 'environment';

export type ChaincodeRuntimeOptions = Partial<Omit<ResolvedOptions, Required>> & Pick<ResolvedOptions, Required>;

const NOBODY: ProcessUser = { uid: 65_534, gid: 65_534 };

/** As a Go peer's, from its sample core.yaml. */
export const CHAINCODE_DEFAULTS: Omit<ResolvedOptions, Required> = {
  executeTimeoutMs: 30_000,
  installTimeoutMs: 300_000,
  startupTimeoutMs: 300_000,
  keepaliveMs: 0,
  totalQueryLimit: 100_000,
  devMode: false,
  externalBuilders: [],
  serviceNames: {},
  user: process.getuid?.() === 0 ? NOBODY : null,
  tls: true,
  restart: RESTART,
  useWriteBatch: true,
  maxSizeWriteBatch: 1000,
  useGetMultipleKeys: true,
  maxSizeGetMultipleKeys: 1000,
};
