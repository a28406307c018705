import type { FabricConfig } from './fabricConfig.ts';
import { FabricConfigError } from './fabricConfigError.ts';
import type { TlsSettings } from './peerSettings.ts';

/** The operations service and the metrics of a node, of either file. */
export interface OperationsSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | null;
  readonly metrics:
    | { readonly provider: 'prometheus' | 'disabled' }
    | { readonly provider: 'statsd'; readonly statsd: StatsdSettings };
  /** What `metrics.provider` says, where it is none that Fabric knows: metrics are disabled then. */
  readonly unknownProvider: string | null;
}

export interface StatsdSettings {
  readonly network: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
  /** Milliseconds. */
  readonly writeIntervalMs: number;
  /** Empty for none. */
  readonly prefix: string;
}

/** What a file calls the keys. */
export interface OperationsKeys {
  readonly listenAddress: string;
  readonly tls: {
    readonly enabled: string;
    readonly certificate: string;
    readonly key: string;
    readonly clientAuthRequired: string;
    readonly clientRoots: string;
  };
  readonly provider: string;
  readonly statsd: {
    readonly network: string;
    readonly address: string;
    readonly writeInterval: string;
    readonly prefix: string;
  };
}

/** @throws FabricConfigError */
export function operationsSettings(config: FabricConfig, keys: OperationsKeys): OperationsSettings {
  const { tls } = keys;
  const provider = config.value(keys.provider, 'text');
  const known = provider === 'prometheus' || provider === 'statsd' || provider === 'disabled';
  return {
    ...hostAndPort(config, keys.listenAddress),
    tls: config.value(tls.enabled, 'switch')
      ? {
          certificate: config.read(tls.certificate),
          key: config.read(tls.key),
          clientRoots: config.readAll(tls.clientRoots),
          clientAuthRequired: config.value(tls.clientAuthRequired, 'switch'),
        }
      : null,
    metrics:
      provider === 'statsd'
        ? { provider, statsd: statsd(config, keys.statsd) }
        : { provider: provider === 'prometheus' ? provider : 'disabled' },
    unknownProvider: known ? null : provider,
  };
}

function statsd(config: FabricConfig, keys: OperationsKeys['statsd']): StatsdSettings {
  const network = config.value(keys.network, 'text');
  if (network !== 'udp' && network !== 'tcp') {
    throw new FabricConfigError('bad_value', `${keys.network} is ${JSON.stringify(network)}, it can be udp or tcp`);
  }
  const writeIntervalMs = config.value(keys.writeInterval, 'duration');
  if (writeIntervalMs <= 0) {
    throw new FabricConfigError('bad_value', `${keys.writeInterval} must be longer than nothing`);
  }
  return {
    network,
    ...hostAndPort(config, keys.address),
    writeIntervalMs,
    prefix: config.get(keys.prefix, 'text') ?? '',
  };
}

function hostAndPort(config: FabricConfig, key: string): { readonly host: string; readonly port: number } {
  const address = config.value(key, 'text');
  const [, host = '', port = ''] = /^(.*):(\d{1,5})$/.exec(address) ?? [];
  if (port === '' || Number(port) > 65_535) {
    throw new FabricConfigError('bad_value', `${key} is ${JSON.stringify(address)}, which is no host:port`);
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
