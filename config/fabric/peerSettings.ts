import { networkInterfaces } from 'node:os';
import type { FabricConfig } from './fabricConfig.ts';
import { FabricConfigError } from './fabricConfigError.ts';
import { type OperationsSettings, operationsSettings } from './operationsSettings.ts';
import { type TracingSettings, tracingSettings } from './tracingSettings.ts';

/** Certificate and key of a TLS server, and who may come. All PEM. */
export interface TlsSettings {
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
  readonly clientRoots: readonly Uint8Array[];
  readonly clientAuthRequired: boolean;
}

export interface AddressOverride {
  readonly from: string;
  readonly to: string;
  /** PEM; empty: those of the configuration. */
  readonly tlsRoots: string;
}

/** What `core.yaml` says, checked. Durations are milliseconds, sizes bytes, paths absolute. */
export interface PeerSettings {
  readonly id: string;
  readonly listenAddress: string;
  /** By which others find the peer. */
  readonly address: string;
  /** Null: the listening address' host with port 7052, as in Fabric. */
  readonly chaincodeListenAddress: string | null;
  readonly chaincodeAddress: string | null;
  readonly localMspId: string;
  readonly mspConfigPath: string;
  readonly fileSystemPath: string;
  readonly snapshotsPath: string | null;
  readonly tls: TlsSettings | null;
  /** With which the peer shows itself to others; null without TLS. */
  readonly clientTls: { readonly certificate: Uint8Array; readonly key: Uint8Array } | null;
  readonly keepalive: { readonly intervalMs: number; readonly timeoutMs: number; readonly minIntervalMs: number };
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  /** Of TLS handshakes. */
  readonly connectionTimeoutMs: number;
  readonly timeWindowMs: number;
  readonly concurrency: { readonly endorser: number; readonly deliver: number };
  /** Null: one a core. */
  readonly validatorPoolSize: number | null;
  readonly implicitCollections: { readonly requiredPeerCount: number; readonly maxPeerCount: number };
  readonly transientRetention: number;
  readonly delivery: {
    readonly reconnectBackoffThresholdMs: number;
    readonly reconnectTotalTimeThresholdMs: number;
    readonly connectionTimeoutMs: number;
    readonly minimalReconnectIntervalMs: number;
    readonly blockCensorshipTimeoutMs: number;
    readonly policy: 'cluster' | 'simple';
    readonly overrides: readonly AddressOverride[];
    readonly keepalive: { readonly intervalMs: number; readonly timeoutMs: number };
  };
  readonly chaincode: {
    readonly devMode: boolean;
    readonly installTimeoutMs: number;
    readonly startupTimeoutMs: number;
    readonly executeTimeoutMs: number;
    readonly keepaliveMs: number;
    readonly externalBuilders: readonly {
      readonly name: string;
      readonly path: string;
      readonly propagateEnvironment: readonly string[];
    }[];
    readonly useWriteBatch: boolean;
    readonly maxSizeWriteBatch: number;
    readonly useGetMultipleKeys: boolean;
    readonly maxSizeGetMultipleKeys: number;
  };
  readonly state: 'leveldb' | 'memory';
  readonly history: boolean;
  readonly totalQueryLimit: number;
  /** Paths of modules by the names of plugins, beside `escc` and `vscc`. */
  readonly endorsementPlugins: Readonly<Record<string, string>>;
  readonly validationPlugins: Readonly<Record<string, string>>;
  readonly tracing: TracingSettings;
  readonly operations: OperationsSettings;
  /** What chaincode and its builds may see a part of. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** When the key is 0. */
const HANDSHAKE_MS = 5000;
const TIME_WINDOW_MS = 15 * 60_000;

const PEER_OPERATIONS_KEYS = {
  listenAddress: 'operations.listenAddress',
  tls: {
    enabled: 'operations.tls.enabled',
    certificate: 'operations.tls.cert.file',
    key: 'operations.tls.key.file',
    clientAuthRequired: 'operations.tls.clientAuthRequired',
    clientRoots: 'operations.tls.clientRootCAs.files',
  },
  provider: 'metrics.provider',
  statsd: {
    network: 'metrics.statsd.network',
    address: 'metrics.statsd.address',
    writeInterval: 'metrics.statsd.writeInterval',
    prefix: 'metrics.statsd.prefix',
  },
};

/**
 * @param environment of the process
 * @param localIp the machine's address on its network; null where it has none
 * @throws FabricConfigError
 */
export function peerSettings(
  config: FabricConfig,
  environment: Readonly<Record<string, string | undefined>>,
  localIp: string | null = firstNetworkAddress(),
): PeerSettings {
  const duration = (key: string): number => config.value(key, 'duration');
  const count = (key: string): number => config.value(key, 'count');
  const hasTls = config.value('peer.tls.enabled', 'switch');
  const clientAuthRequired = hasTls && config.value('peer.tls.clientAuthRequired', 'switch');
  const tls: TlsSettings | null = hasTls
    ? {
        certificate: config.read('peer.tls.cert.file'),
        key: config.read('peer.tls.key.file'),
        // As in Fabric, whose peers always know their own root; other organisations' come with the channels.
        clientRoots: [
          ...(clientAuthRequired ? config.readAll('peer.tls.clientRootCAs.files') : []),
          config.read('peer.tls.rootcert.file'),
        ],
        clientAuthRequired,
      }
    : null;
  const ownClientCertificate = config.get('peer.tls.clientCert.file', 'path') !== null;
  if (ownClientCertificate !== (config.get('peer.tls.clientKey.file', 'path') !== null)) {
    throw new FabricConfigError(
      'bad_value',
      'peer.tls.clientKey.file and peer.tls.clientCert.file must both be set or must both be empty',
    );
  }
  return {
    id: config.value('peer.id', 'text'),
    listenAddress: address(config, 'peer.listenAddress') as string,
    address: peerAddress(config, localIp),
    chaincodeListenAddress: address(config, 'peer.chaincodeListenAddress'),
    chaincodeAddress: address(config, 'peer.chaincodeAddress'),
    localMspId: config.value('peer.localMspId', 'text'),
    mspConfigPath: config.value('peer.mspConfigPath', 'path'),
    fileSystemPath: config.value('peer.fileSystemPath', 'path'),
    snapshotsPath: config.get('ledger.snapshots.rootDir', 'path'),
    tls,
    clientTls:
      tls === null
        ? null
        : ownClientCertificate
          ? { certificate: config.read('peer.tls.clientCert.file'), key: config.read('peer.tls.clientKey.file') }
          : { certificate: tls.certificate, key: tls.key },
    keepalive: {
      intervalMs: duration('peer.keepalive.interval'),
      timeoutMs: duration('peer.keepalive.timeout'),
      minIntervalMs: duration('peer.keepalive.minInterval'),
    },
    maxReceiveBytes: config.value('peer.maxRecvMsgSize', 'size'),
    maxSendBytes: config.value('peer.maxSendMsgSize', 'size'),
    connectionTimeoutMs: duration('peer.connectiontimeout') || HANDSHAKE_MS,
    // Zero stands for the default, as in Fabric.
    timeWindowMs: duration('peer.authentication.timewindow') || TIME_WINDOW_MS,
    concurrency: {
      endorser: count('peer.limits.concurrency.endorserService'),
      deliver: count('peer.limits.concurrency.deliverService'),
    },
    validatorPoolSize: config.get('peer.validatorPoolSize', 'count') || null,
    implicitCollections: {
      requiredPeerCount: count('peer.gossip.pvtData.implicitCollectionDisseminationPolicy.requiredPeerCount'),
      maxPeerCount: count('peer.gossip.pvtData.implicitCollectionDisseminationPolicy.maxPeerCount'),
    },
    transientRetention: count('peer.gossip.pvtData.transientstoreMaxBlockRetention'),
    delivery: {
      reconnectBackoffThresholdMs: duration('peer.deliveryclient.reConnectBackoffThreshold'),
      reconnectTotalTimeThresholdMs: duration('peer.deliveryclient.reconnectTotalTimeThreshold'),
      connectionTimeoutMs: duration('peer.deliveryclient.connTimeout'),
      minimalReconnectIntervalMs: duration('peer.deliveryclient.minimalReconnectInterval'),
      blockCensorshipTimeoutMs: duration('peer.deliveryclient.blockCensorshipTimeoutKey'),
      policy: oneOf(config, 'peer.deliveryclient.policy', ['cluster', 'simple']),
      overrides: addressOverrides(config),
      keepalive: {
        intervalMs: duration('peer.keepalive.deliveryClient.interval'),
        timeoutMs: duration('peer.keepalive.deliveryClient.timeout'),
      },
    },
    chaincode: {
      devMode: oneOf(config, 'chaincode.mode', ['net', 'dev']) === 'dev',
      installTimeoutMs: duration('chaincode.installTimeout'),
      startupTimeoutMs: duration('chaincode.startuptimeout'),
      executeTimeoutMs: duration('chaincode.executetimeout'),
      keepaliveMs: count('chaincode.keepalive') * 1000,
      externalBuilders: externalBuilders(config),
      useWriteBatch: config.value('chaincode.runtimeParams.useWriteBatch', 'switch'),
      maxSizeWriteBatch: count('chaincode.runtimeParams.maxSizeWriteBatch'),
      useGetMultipleKeys: config.value('chaincode.runtimeParams.useGetMultipleKeys', 'switch'),
      maxSizeGetMultipleKeys: count('chaincode.runtimeParams.maxSizeGetMultipleKeys'),
    },
    state: stateDatabase(config),
    history: config.value('ledger.history.enableHistoryDatabase', 'switch'),
    totalQueryLimit: count('ledger.state.totalQueryLimit'),
    endorsementPlugins: libraries(config, 'peer.handlers.endorsers'),
    validationPlugins: libraries(config, 'peer.handlers.validators'),
    tracing: tracingSettings(config),
    operations: operationsSettings(config, PEER_OPERATIONS_KEYS),
    environment,
  };
}

/** `host:port`; null where none is given. */
function address(config: FabricConfig, key: string): string | null {
  const given = config.get(key, 'text');
  if (given !== null && !/^[^\s]*:\d{1,5}$/.test(given)) {
    throw new FabricConfigError('bad_value', `${key} is ${JSON.stringify(given)}, which is no host:port`);
  }
  return given;
}

/** An address that stands for all of the machine's gives way to its first one, as Fabric has it. */
function peerAddress(config: FabricConfig, localIp: string | null): string {
  const given = address(config, 'peer.address') as string;
  const host = given.slice(0, given.lastIndexOf(':'));
  const detect = config.value('peer.addressAutoDetect', 'switch') || ['', '0.0.0.0', '[::]'].includes(host);
  return detect ? `${localIp ?? '127.0.0.1'}${given.slice(host.length)}` : given;
}

function firstNetworkAddress(): string | null {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? null;
}

function oneOf<T extends string>(config: FabricConfig, key: string, allowed: readonly T[]): T {
  const given = config.value(key, 'text');
  const found = allowed.find((one) => one === given);
  if (found === undefined) {
    throw new FabricConfigError('bad_value', `${key} is ${JSON.stringify(given)}, it can be ${allowed.join(' or ')}`);
  }
  return found;
}

function stateDatabase(config: FabricConfig): 'leveldb' | 'memory' {
  const kind = oneOf(config, 'ledger.state.stateDatabase', ['goleveldb', 'memory', 'CouchDB']);
  if (kind === 'CouchDB') {
    throw new FabricConfigError(
      'refused',
      'ledger.state.stateDatabase is CouchDB, which this node does not do: goleveldb (LevelDB) or memory',
    );
  }
  return kind === 'memory' ? 'memory' : 'leveldb';
}

function addressOverrides(config: FabricConfig): readonly AddressOverride[] {
  return entries(
    config.get('peer.deliveryclient.addressOverrides', 'structure'),
    'peer.deliveryclient.addressOverrides',
  ).map((one) => {
    const roots = text(one['caCertsFile']);
    return {
      from: text(one['from']),
      to: text(one['to']),
      tlsRoots:
        roots === '' ? '' : Buffer.from(config.readPath('peer.deliveryclient.addressOverrides', roots)).toString(),
    };
  });
}

function externalBuilders(config: FabricConfig): PeerSettings['chaincode']['externalBuilders'] {
  const key = 'chaincode.externalBuilders';
  return entries(config.get(key, 'structure'), key).map((one) => {
    // Before 2.4 the list of variables had another name.
    const propagated = one['propagateEnvironment'] ?? one['environmentWhitelist'] ?? [];
    if (text(one['path']) === '' || text(one['name']) === '' || !Array.isArray(propagated)) {
      throw new FabricConfigError(
        'bad_value',
        `${key}: each builder has a name, a path and a list propagateEnvironment`,
      );
    }
    return { name: text(one['name']), path: text(one['path']), propagateEnvironment: propagated.map(String) };
  });
}

/** Names of plugins with the modules that hold them; those without `library` are the built-in ones. */
function libraries(config: FabricConfig, section: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [rest, value] of config.below(section)) {
    const [, name] = /^(.+)\.library$/i.exec(rest) ?? [];
    const nested = name === undefined ? (value as { readonly library?: unknown } | null)?.library : value;
    if (typeof nested === 'string' && nested !== '') {
      found[name ?? rest] = config.path(nested);
    }
  }
  return found;
}

function entries(value: unknown, key: string): readonly Readonly<Record<string, unknown>>[] {
  if (value === null || value === undefined) {
    return [];
  }
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'object' && one !== null)) {
    throw new FabricConfigError('bad_value', `${key} is no list of entries`);
  }
  return value as readonly Readonly<Record<string, unknown>>[];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
