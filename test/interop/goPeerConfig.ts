import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

/** What Go's peer has no default for, of what a network's `core.yaml` leaves out. */
const WITHOUT_DEFAULT = {
  peer: {
    gossip: { useLeaderElection: false, orgLeader: true, state: { enabled: false } },
    deliveryclient: { reconnectTotalTimeThreshold: '3600s', policy: 'cluster' },
    handlers: {
      authFilters: [{ name: 'DefaultAuth' }, { name: 'ExpirationCheck' }],
      decorators: [{ name: 'DefaultDecorator' }],
      endorsers: { escc: { name: 'DefaultEndorsement' } },
      validators: { vscc: { name: 'DefaultValidation' } },
    },
    limits: { concurrency: { endorserService: 2500, deliverService: 2500, gatewayService: 500 } },
    discovery: { enabled: true },
  },
  chaincode: {
    installTimeout: '300s',
    startuptimeout: '300s',
    executetimeout: '30s',
    mode: 'net',
    system: { _lifecycle: 'enable', cscc: 'enable', lscc: 'enable', qscc: 'enable' },
    runtimeParams: {
      useWriteBatch: true,
      maxSizeWriteBatch: 1000,
      useGetMultipleKeys: true,
      maxSizeGetMultipleKeys: 1000,
    },
  },
  ledger: {
    state: { stateDatabase: 'goleveldb', totalQueryLimit: 100_000 },
    history: { enableHistoryDatabase: true },
    pvtdataStore: {
      collElgProcMaxDbBatchSize: 5000,
      collElgProcDbBatchesInterval: 1000,
      deprioritizedDataReconcilerInterval: '60m',
      purgeInterval: 100,
    },
  },
};

/** External builder for chaincode that runs as a service. */
const BUILDER = {
  detect: `grep -q '"type":"ccaas"' "$2/metadata.json"`,
  build: 'cp "$1/connection.json" "$3/connection.json"',
  release: 'mkdir -p "$2/chaincode/server" && cp "$1/connection.json" "$2/chaincode/server/connection.json"',
};

/** Completes a node's `core.yaml`, so that Go's peer takes it too. */
export function completeForGo(folder: string): void {
  const file = join(folder, 'core.yaml');
  const builder = join(folder, 'builder');
  writeBuilder(builder);
  const chaincode = { externalBuilders: [{ name: 'services', path: builder }] };
  const tree = [WITHOUT_DEFAULT, { chaincode }, parse(readFileSync(file, 'utf8'))].reduce(merged, {});
  writeFileSync(file, stringify(tree));
}

function writeBuilder(folder: string): void {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  for (const [name, line] of Object.entries(BUILDER)) {
    const file = join(folder, 'bin', name);
    writeFileSync(file, `#!/bin/sh\nset -eu\n${line}\n`);
    chmodSync(file, 0o755);
  }
}

function merged(under: unknown, over: unknown): unknown {
  if (!isMap(under) || !isMap(over)) {
    return over;
  }
  const result = { ...under };
  for (const [key, value] of Object.entries(over)) {
    result[key] = key in under ? merged(under[key], value) : value;
  }
  return result;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
