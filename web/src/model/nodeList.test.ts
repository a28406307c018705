import { expect, test } from 'vitest';
import type { Alert, NetworkNode, NodeHealth } from '../api/types.ts';
import { alertCount, firingFor } from './alerts.ts';
import { healthLook, reasonsOf } from './health.ts';
import { countWords, organisationsOf } from './nodeList.ts';

const told = (id: string, kind: NetworkNode['kind'], more: Partial<NetworkNode> = {}): NetworkNode => ({
  id,
  kind,
  msp: id.split('/')[0] ?? null,
  pkiId: null,
  firstSeenAt: null,
  lastSeenAt: null,
  starts: [],
  observed: true,
  channels: [],
  streamBreaks: [],
  ...more,
});
const watched = (id: string, kind: NodeHealth['kind'], health: NodeHealth['health']): NodeHealth => {
  const [msp = '', node = ''] = id.split('/');
  const none = { failedChecks: [], problem: null, heights: [], heightsProblem: null, logSpecChange: null };
  return { id, msp, node, kind, health, ...none, version: '1', checkedAt: '' };
};
const alert = (more: Partial<Alert>): Alert => ({
  name: 'FtlPeerDown',
  severity: 'critical',
  nodes: [],
  organisation: null,
  node: null,
  msp: null,
  channel: null,
  summary: '',
  description: null,
  runbook: null,
  since: null,
  silenced: false,
  labels: {},
  ...more,
});

test('peers and orderers by organisation, of records and of operations services, each once', () => {
  const organisations = organisationsOf({
    nodes: [
      told('Org2MSP/peer1', 'peer', { channels: [{ channel: 'mychannel', height: 5 }] }),
      told('Org2MSP/peer0', 'peer', { channels: [{ channel: 'mychannel', height: 3 }] }),
      told('Org2MSP/User1', 'client'),
      told('OrdererMSP/orderer1', 'orderer', { observed: false }),
    ],
    health: [watched('Org2MSP/peer0', 'peer', 'ok'), watched('Org3MSP/peer0', 'peer', 'unreachable')],
    alerts: [
      alert({ nodes: ['Org2MSP/peer0'] }),
      alert({ organisation: 'Org3MSP', name: 'FtlOrganisationWithoutLeader' }),
      alert({ node: 'nobody', name: 'OfNobody' }),
    ],
  });
  expect(organisations.map(({ label, nodes }) => [label, ...nodes.map((node) => node.id)])).toEqual([
    ['Orderer', 'OrdererMSP/orderer1'],
    ['Org2', 'Org2MSP/peer0', 'Org2MSP/peer1'],
    ['Org3', 'Org3MSP/peer0'],
  ]);
  const [orderers, org2, org3] = organisations;
  expect(orderers?.nodes[0]).toMatchObject({ health: null, breaks: null });
  expect(org2?.nodes[0]).toMatchObject({
    health: { health: 'ok' },
    channels: [{ channel: 'mychannel', height: 3, behind: 2 }],
    breaks: 0,
    alerts: [{ name: 'FtlPeerDown' }],
  });
  expect(org2?.nodes[1]?.alerts).toEqual([]);
  expect(org3).toMatchObject({ alerts: [{ name: 'FtlOrganisationWithoutLeader' }], nodes: [{ alerts: [] }] });
});

test('the badge counts what is not silenced, and takes the gravest', () => {
  expect(alertCount([])).toEqual({ count: 0, gravest: null });
  const alerts = [alert({ silenced: true }), alert({ severity: 'info' }), alert({ severity: 'warning' })];
  expect(alertCount(alerts)).toEqual({ count: 2, gravest: 'warning' });
  expect(firingFor({ since: '2026-11-21T00:00:00Z' }, Date.parse('2026-11-21T00:01:00Z'))).toBe(60e6);
  expect(firingFor({ since: null }, 0)).toBeNull();
});

test('health is a word, a sign and a tone', () => {
  expect(healthLook(undefined)).toMatchObject({ state: 'unwatched', word: 'not watched', tone: 'unknown' });
  expect(healthLook('unreachable')).toMatchObject({ word: 'no answer', tone: 'bad' });
  expect(new Set((['ok', 'failing', 'unreachable', null] as const).map((one) => healthLook(one).symbol)).size).toBe(4);
  expect(reasonsOf({ failedChecks: [{ component: 'ledger', reason: 'the disk is full' }], problem: null })).toBe(
    'ledger: the disk is full',
  );
  expect(countWords(['well', 'no answer', 'well'])).toBe('2 well, 1 no answer');
});
