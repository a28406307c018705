import type { FabricConfig } from './fabricConfig.ts';
import { FabricConfigError } from './fabricConfigError.ts';
import { type OperationsSettings, operationsSettings } from './operationsSettings.ts';
import type { TlsSettings } from './peerSettings.ts';
import { type TracingSettings, tracingSettings } from './tracingSettings.ts';

const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;
/** Of gRPC in Go. */
const HANDSHAKE_MS = 120_000;
const TIME_WINDOW_MS = 15 * 60_000;
const INACTIVITY_MS = 5000;

/** What `orderer.yaml` says, checked. Durations are milliseconds, sizes bytes. */
export interface OrdererSettings {
  readonly listenAddress: string;
  readonly localMspId: string;
  readonly mspConfigPath: string;
  readonly tls: TlsSettings | null;
  readonly keepalive: { readonly intervalMs: number; readonly timeoutMs: number; readonly minIntervalMs: number };
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  /** Of TLS handshakes. */
  readonly connectionTimeoutMs: number;
  readonly timeWindowMs: number;
  readonly expirationChecks: boolean;
  /** Messages a second and client; null: as many as come. */
  readonly throttling: { readonly rate: number; readonly inactivityTimeoutMs: number } | null;
  readonly ledgerPath: string;
  /** Messages that are in no block yet. */
  readonly pendingPath: string;
  /** Null where the participation API is off. */
  readonly admin: { readonly host: string; readonly port: number; readonly tls: TlsSettings | null } | null;
  readonly maxRequestBodySize: number;
  readonly tracing: TracingSettings;
  readonly operations: OperationsSettings;
}

const ORDERER_OPERATIONS_KEYS = {
  listenAddress: 'Operations.ListenAddress',
  tls: {
    enabled: 'Operations.TLS.Enabled',
    certificate: 'Operations.TLS.Certificate',
    key: 'Operations.TLS.PrivateKey',
    clientAuthRequired: 'Operations.TLS.ClientAuthRequired',
    clientRoots: 'Operations.TLS.ClientRootCAs',
  },
  provider: 'Metrics.Provider',
  statsd: {
    network: 'Metrics.Statsd.Network',
    address: 'Metrics.Statsd.Address',
    writeInterval: 'Metrics.Statsd.WriteInterval',
    prefix: 'Metrics.Statsd.Prefix',
  },
};

/** @throws FabricConfigError */
export function ordererSettings(config: FabricConfig): OrdererSettings {
  const flag = (key: string): boolean => config.value(key, 'switch');
  const duration = (key: string): number => config.value(key, 'duration');
  const tls = flag('General.TLS.Enabled')
    ? {
        certificate: config.read('General.TLS.Certificate'),
        key: config.read('General.TLS.PrivateKey'),
        clientRoots: flag('General.TLS.ClientAuthRequired') ? config.readAll('General.TLS.ClientRootCAs') : [],
        clientAuthRequired: flag('General.TLS.ClientAuthRequired'),
      }
    : null;
  const rate = config.value('General.Throttling.Rate', 'count');
  return {
    listenAddress: `${config.value('General.ListenAddress', 'text')}:${config.value('General.ListenPort', 'count')}`,
    localMspId: config.value('General.LocalMSPID', 'text'),
    mspConfigPath: config.value('General.LocalMSPDir', 'path'),
    tls,
    keepalive: {
      intervalMs: duration('General.Keepalive.ServerInterval'),
      timeoutMs: duration('General.Keepalive.ServerTimeout'),
      minIntervalMs: duration('General.Keepalive.ServerMinInterval'),
    },
    // Zero stands for the default, as in Fabric, here and below.
    maxReceiveBytes: config.value('General.MaxRecvMsgSize', 'size') || MAX_MESSAGE_BYTES,
    maxSendBytes: config.value('General.MaxSendMsgSize', 'size') || MAX_MESSAGE_BYTES,
    connectionTimeoutMs: duration('General.ConnectionTimeout') || HANDSHAKE_MS,
    timeWindowMs: duration('General.Authentication.TimeWindow') || TIME_WINDOW_MS,
    expirationChecks: !flag('General.Authentication.NoExpirationChecks'),
    throttling:
      rate === 0
        ? null
        : { rate, inactivityTimeoutMs: duration('General.Throttling.InactivityTimeout') || INACTIVITY_MS },
    ledgerPath: config.value('FileLedger.Location', 'path'),
    pendingPath: config.value('Consensus.WALDir', 'text'),
    admin: flag('ChannelParticipation.Enabled') ? admin(config) : null,
    maxRequestBodySize: config.value('ChannelParticipation.MaxRequestBodySize', 'size'),
    tracing: tracingSettings(config),
    operations: operationsSettings(config, ORDERER_OPERATIONS_KEYS),
  };
}

function admin(config: FabricConfig): NonNullable<OrdererSettings['admin']> {
  const address = config.value('Admin.ListenAddress', 'text');
  const [, host = '', port] = /^(.*):(\d{1,5})$/.exec(address) ?? [];
  if (port === undefined) {
    throw new FabricConfigError(
      'bad_value',
      `Admin.ListenAddress is ${JSON.stringify(address)}, which is no host:port`,
    );
  }
  const tls = config.value('Admin.TLS.Enabled', 'switch');
  if (tls && !config.value('Admin.TLS.ClientAuthRequired', 'switch')) {
    // Fabric does not start either: anybody could join and remove channels.
    throw new FabricConfigError(
      'refused',
      'Admin.TLS.ClientAuthRequired must be set to true if Admin.TLS.Enabled is set to true',
    );
  }
  return {
    host,
    port: Number(port),
    tls: tls
      ? {
          certificate: config.read('Admin.TLS.Certificate'),
          key: config.read('Admin.TLS.PrivateKey'),
          clientRoots: config.readAll('Admin.TLS.ClientRootCAs'),
          clientAuthRequired: true,
        }
      : null,
  };
}
