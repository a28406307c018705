import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CORE_KEYS } from './coreKeys.ts';
import { FabricConfig } from './fabricConfig.ts';
import { nodeConfigurationPage } from './nodeConfigurationPage.ts';
import { ORDERER_KEYS } from './ordererKeys.ts';
import { ordererSettings } from './ordererSettings.ts';
import { peerSettings } from './peerSettings.ts';
import { readValue } from './values.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-fabric-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Environment = Readonly<Record<string, string>>;

function core(yaml: string | null, environment: Environment = {}): FabricConfig {
  if (yaml !== null) {
    writeFileSync(join(folder, 'core.yaml'), yaml);
  }
  return FabricConfig.load({
    name: 'core',
    keys: CORE_KEYS,
    environment: { FABRIC_CFG_PATH: folder, ...environment },
    workingFolder: '/',
  });
}

function orderer(yaml: string, environment: Environment = {}): FabricConfig {
  writeFileSync(join(folder, 'orderer.yaml'), yaml);
  return FabricConfig.load({
    name: 'orderer',
    keys: ORDERER_KEYS,
    environment: { FABRIC_CFG_PATH: folder, ...environment },
    workingFolder: '/',
  });
}

const refusal = (load: () => unknown): string => {
  try {
    load();
    return 'loaded';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
};

describe('values', () => {
  it('are read as Go reads them', () => {
    const durations: [unknown, number | null][] = [
      ['30s', 30_000],
      ['1m30s', 90_000],
      ['1.5h', 5_400_000],
      ['100ms', 100],
      ['250µs', 0.25],
      ['-5s', -5000],
      ['.5s', 500],
      ['1.m', 60_000],
      ['.s', null],
      [1_000_000_000, 1000],
      ['soon', null],
      ['5', 5e-6],
      ['5 s', null],
    ];
    for (const [written, milliseconds] of durations) {
      expect([written, readValue('duration', written, '/')]).toEqual([written, milliseconds]);
    }
    const sizes: [unknown, number | null][] = [
      [104_857_600, 104_857_600],
      ['1 MB', 1_048_576],
      ['64k', 65_536],
      ['2gb', 2_147_483_648],
      ['many', null],
    ];
    for (const [written, bytes] of sizes) {
      expect([written, readValue('size', written, '/')]).toEqual([written, bytes]);
    }
    expect(['true', 'T', 1, 'FALSE', 'f', 'yes'].map((one) => readValue('switch', one, '/'))).toEqual([
      true,
      true,
      true,
      false,
      false,
      null,
    ]);
    expect(readValue('path', 'tls/ca.crt', '/etc/x')).toBe('/etc/x/tls/ca.crt');
    expect(readValue('path', '/abs/ca.crt', '/etc/x')).toBe('/abs/ca.crt');
    expect(readValue('count', '12.5', '/')).toBeNull();
  });
});

describe('a configuration', () => {
  it("without a file is Fabric's defaults, and says so", () => {
    const config = core(null);
    expect(config.file).toBeNull();
    expect(config.warnings).toHaveLength(1);
    expect(config.value('peer.listenAddress', 'text')).toBe('0.0.0.0:7051');
    expect(config.value('peer.limits.concurrency.endorserService', 'count')).toBe(2500);
  });

  it('takes keys in any case, environment before file before default', () => {
    const yaml = 'PEER:\n  ListenAddress: 127.0.0.1:1\n  localmspid: Org1MSP\n  gossip:\n    bootstrap: [a:1, b:2]\n';
    const config = core(yaml, { CORE_PEER_LISTENADDRESS: '127.0.0.1:2', CORE_PEER_GOSSIP_STATE_ENABLED: 'true' });
    expect(config.value('peer.listenAddress', 'text')).toBe('127.0.0.1:2');
    expect(config.value('peer.localMspId', 'text')).toBe('Org1MSP');
    expect(config.warnings).toEqual([]);
  });

  it('names keys that nobody knows, in file and environment', () => {
    const config = core('peer:\n  listenAdress: x\n  tls:\n    enabeld: true\nnothing: 1\n', {
      CORE_PEER_LISTENADRESS: 'x',
    });
    expect(config.warnings.map((warning) => warning.replace(folder, ''))).toEqual([
      '/core.yaml: unknown key peer.listenAdress',
      '/core.yaml: unknown key peer.tls.enabeld',
      '/core.yaml: unknown key nothing',
      'environment variable CORE_PEER_LISTENADRESS is no known key',
    ]);
  });

  it('tells what is set and changes nothing', () => {
    const yaml = `peer:
  id: p
  keepalive: { minInterval: 1s, client: { interval: 61s } }
  gossip: { pvtData: { transientstoreMaxBlockRetention: 5 } }
  discovery: { enabled: true }
vm: { endpoint: unix:///var/run/docker.sock }
`;
    expect(core(yaml).withoutEffect).toEqual(['peer.keepalive.client.interval', 'peer.discovery', 'vm']);
    expect(core('peer: { deliveryclient: { blockGossipEnabled: true } }').withoutEffect).toEqual([
      'peer.deliveryclient.blockGossipEnabled',
    ]);
  });

  it('takes an empty environment variable as none, and sections below a plugin in small letters', () => {
    const config = core('peer:\n  id: here\n', {
      CORE_PEER_ID: '',
      CORE_PEER_HANDLERS_ENDORSERS_CUSTOM_LIBRARY: './mine.ts',
    });
    expect(config.value('peer.id', 'text')).toBe('here');
    expect(peerSettings(config, {}).endorsementPlugins).toEqual({ custom: join(folder, 'mine.ts') });
  });

  it('is refused where a value is of the wrong kind, or asks for what the node does not do', () => {
    expect(refusal(() => core('peer:\n  keepalive:\n    interval: soon\n'))).toMatch(
      /^bad_value: peer.keepalive.interval is "soon", which is no duration \(environment: CORE_PEER_KEEPALIVE_INTERVAL\)/,
    );
    expect(refusal(() => core('peer:\n  BCCSP:\n    Default: PKCS11\n'))).toMatch(/^refused: peer.BCCSP.Default/);
    expect(refusal(() => core('peer: [1, 2'))).toMatch(/^unreadable: /);
    expect(refusal(() => core('just text'))).toMatch(/^unreadable: .*holds no keys/);
    expect(refusal(() => core(null, { FABRIC_CFG_PATH: join(folder, 'none') }))).toMatch(/^no_folder: /);
    const couch = core('ledger:\n  state:\n    stateDatabase: CouchDB\n');
    expect(refusal(() => peerSettings(couch, {}))).toMatch(/^refused: ledger.state.stateDatabase is CouchDB/);
    const noCertificate = core('peer:\n  tls:\n    enabled: true\n');
    expect(refusal(() => peerSettings(noCertificate, {}))).toMatch(
      /^missing_file: peer.tls.cert.file names .*tls\/server.crt/,
    );
    const half = core(`peer: { tls: { clientCert: { file: ${folder}/c.pem } } }`);
    expect(refusal(() => peerSettings(half, {}))).toMatch(/^bad_value: .* must both be set or must both be empty/);
    const admin = orderer('Admin:\n  TLS: { Enabled: true, ClientAuthRequired: false }\n');
    expect(refusal(() => ordererSettings(admin))).toMatch(/^refused: Admin.TLS.ClientAuthRequired must be set to true/);
    const address = core('peer:\n  listenAddress: everywhere\n');
    expect(refusal(() => peerSettings(address, {}))).toMatch(/^bad_value: peer.listenAddress .* no host:port/);
  });
});

describe('settings', () => {
  it('of a peer have files read and paths made whole', () => {
    mkdirSync(join(folder, 'tls'));
    for (const name of ['server.crt', 'server.key', 'ca.crt', 'o.crt']) {
      writeFileSync(join(folder, 'tls', name), name);
    }
    const yaml = `
peer:
  fileSystemPath: data
  tls: { enabled: true, clientAuthRequired: true }
  deliveryclient:
    addressOverrides:
      - { from: 'orderer:7050', to: '127.0.0.1:1', caCertsFile: tls/o.crt }
  handlers:
    endorsers:
      escc: { name: DefaultEndorsement, library: '' }
      custom: { name: Mine, library: ./mine.ts }
chaincode:
  mode: dev
  externalBuilders:
    - { name: b, path: /b, propagateEnvironment: [HOME] }
ledger: { state: { stateDatabase: memory } }
ftl: { tracing: { file: records.ndjson, maxFileSize: 1 MB } }
`;
    const settings = peerSettings(core(yaml), { HOME: '/root' });
    expect(settings.fileSystemPath).toBe(join(folder, 'data'));
    expect(Buffer.from(settings.tls?.key ?? []).toString()).toBe('server.key');
    expect(settings.tls?.clientRoots).toHaveLength(2);
    expect(settings.delivery.overrides).toEqual([{ from: 'orderer:7050', to: '127.0.0.1:1', tlsRoots: 'o.crt' }]);
    expect(settings.endorsementPlugins).toEqual({ custom: join(folder, 'mine.ts') });
    expect(settings.chaincode.devMode).toBe(true);
    expect(settings.chaincode.externalBuilders).toEqual([{ name: 'b', path: '/b', propagateEnvironment: ['HOME'] }]);
    expect(settings.state).toBe('memory');
    expect(settings.tracing).toEqual({
      enabled: true,
      file: { path: join(folder, 'records.ndjson'), maxBytes: 1_048_576, maxFiles: 5 },
      seal: true,
    });
  });

  it('of a peer have an address that others can use', () => {
    const at = (yaml: string): string => peerSettings(core(yaml), {}, '10.1.2.3').address;
    expect(at('peer: { address: peer0:7051 }')).toBe('peer0:7051');
    expect(at('peer: { address: 0.0.0.0:8051 }')).toBe('10.1.2.3:8051');
    expect(at('peer: { address: peer0:7051, addressAutoDetect: true }')).toBe('10.1.2.3:7051');
    expect(peerSettings(core(''), {}, null).address).toBe('127.0.0.1:7051');
  });

  it('have the defaults where a file says 0, as in Fabric', () => {
    expect(peerSettings(core('peer: { authentication: { timewindow: 0s }, connectiontimeout: 0 }'), {})).toMatchObject({
      timeWindowMs: 900_000,
      connectionTimeoutMs: 5000,
    });
    const yaml = 'General: { MaxRecvMsgSize: 0, Authentication: { TimeWindow: 0s } }';
    expect(ordererSettings(orderer(yaml))).toMatchObject({
      maxReceiveBytes: 104_857_600,
      timeWindowMs: 900_000,
      connectionTimeoutMs: 120_000,
    });
  });

  it('of operations and metrics, in both files', () => {
    for (const name of ['ops.crt', 'ops.key', 'ops-ca.crt']) {
      writeFileSync(join(folder, name), name);
    }
    const yaml = `
operations:
  listenAddress: '[::1]:9555'
  tls:
    enabled: true
    cert: { file: ops.crt }
    key: { file: ops.key }
    clientRootCAs: { files: [ops-ca.crt] }
metrics:
  provider: statsd
  statsd: { network: tcp, address: 10.0.0.1:8126, writeInterval: 2s, prefix: org1 }
`;
    const { operations } = peerSettings(core(yaml), {});
    expect(operations).toMatchObject({ host: '::1', port: 9555, unknownProvider: null });
    expect(operations.tls?.clientAuthRequired).toBe(false);
    expect(operations.tls?.clientRoots.map((root) => Buffer.from(root).toString())).toEqual(['ops-ca.crt']);
    expect(operations.metrics).toEqual({
      provider: 'statsd',
      statsd: { network: 'tcp', host: '10.0.0.1', port: 8126, writeIntervalMs: 2000, prefix: 'org1' },
    });
    const ordering = ordererSettings(orderer('Metrics: { Provider: prometheus }')).operations;
    expect(ordering).toEqual({
      host: '127.0.0.1',
      port: 8443,
      tls: null,
      metrics: { provider: 'prometheus' },
      unknownProvider: null,
    });
    // Fabric goes on without metrics, and says so.
    expect(peerSettings(core('metrics: { provider: graphite }'), {}).operations).toMatchObject({
      metrics: { provider: 'disabled' },
      unknownProvider: 'graphite',
    });
    const refused = (file: string): string => refusal(() => peerSettings(core(file), {}));
    expect(refused('operations: { tls: { enabled: true } }')).toMatch(/^bad_value: operations.tls.cert.file/);
    expect(refused('metrics: { provider: statsd, statsd: { network: ipx } }')).toMatch(/^bad_value: metrics.statsd/);
    expect(refused('operations: { listenAddress: here }')).toMatch(/^bad_value: operations.listenAddress/);
  });

  it('of an orderer', () => {
    const settings = ordererSettings(
      orderer('General:\n  ListenPort: 7055\n  Throttling: { Rate: 10 }\nFileLedger: { Location: ledger }\n', {
        ORDERER_GENERAL_LISTENADDRESS: '127.0.0.2',
        ORDERER_ADMIN_LISTENADDRESS: '127.0.0.1:9000',
      }),
    );
    expect(settings.listenAddress).toBe('127.0.0.2:7055');
    expect(settings.ledgerPath).toBe(join(folder, 'ledger'));
    expect(settings.throttling).toEqual({ rate: 10, inactivityTimeoutMs: 5000 });
    expect(settings.admin).toEqual({ host: '127.0.0.1', port: 9000, tls: null });
    expect(settings.maxRequestBodySize).toBe(1_048_576);
    expect(refusal(() => orderer('General:\n  BootstrapMethod: file\n'))).toMatch(/^refused: General.BootstrapMethod/);
    expect(refusal(() => orderer('General:\n  BootstrapMethod: none\n'))).toBe('loaded');
  });
});

describe('the page of keys', () => {
  it('is the one in docs', () => {
    expect(readFileSync('docs/reference/node-configuration.md', 'utf8')).toBe(nodeConfigurationPage());
  });
});
