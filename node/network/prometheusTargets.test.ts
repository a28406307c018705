import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createNetwork } from './createNetwork.ts';
import { NetworkFolder } from './networkFolder.ts';

it('a new network names each node for Prometheus, by the address of its operations service', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'ftl-network-'));
  try {
    const folder = new NetworkFolder(join(parent, 'network'));
    const { organizations } = await createNetwork(folder.path, '');
    const written = JSON.parse(readFileSync(folder.prometheusTargets, 'utf8'));
    const [ordering, org1] = organizations;
    expect(written).toHaveLength(5);
    expect(written[0]).toEqual({
      targets: [`127.0.0.1:${ordering?.orderers[0]?.operationsPort}`],
      labels: { node: 'orderer.example.com', msp: 'OrdererMSP', kind: 'orderer' },
    });
    expect(written[2]).toEqual({
      targets: [`127.0.0.1:${org1?.peers[1]?.operationsPort}`],
      labels: { node: 'peer1.org1.example.com', msp: 'Org1MSP', kind: 'peer' },
    });
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});
