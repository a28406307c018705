import { expect, test } from 'vitest';
import { nodeIdOf, nodePath, paths } from './client.ts';

test.each(['Org1MSP/peer0.org1.example.com', 'peer0', 'A MSP/p/0?#é'])('%s has a page of its own', (id) => {
  const [, nodes, msp = '', name = ''] = nodePath(id).split('/');
  expect(nodes).toBe('nodes');
  expect(nodeIdOf(decodeURIComponent(msp), decodeURIComponent(name))).toBe(id);
});

test('the API is asked of a node and a time', () => {
  expect(paths.nodeMetrics('Org1MSP/p', { from: 0, to: 1000 })).toBe(
    '/api/v1/nodes/Org1MSP/p/metrics?from=1970-01-01T00%3A00%3A00.000Z&to=1970-01-01T00%3A00%3A01.000Z',
  );
  expect(paths.nodeHealth('p')).toBe('/api/v1/nodes/-/p/health');
  expect(paths.alerts('Org1MSP/p')).toBe('/api/v1/alerts?node=Org1MSP%2Fp');
});
