import { expect, it } from 'vitest';
import { targetAt } from '../test/nodeTargets.ts';
import { alertOf } from './alerts.ts';
import { concerns, subjectOf } from './alertSubject.ts';

const NODE = 'peer0.org1.example.com';
const ID = `Org1MSP/${NODE}`;
const known = [
  targetAt(new URL('http://10.0.0.1:9443'), NODE),
  targetAt(new URL('http://10.0.0.2:9443'), 'orderer0', 'orderer'),
  { id: 'Org2MSP/orderer0', node: 'orderer0', msp: 'Org2MSP', kind: 'peer' } as const,
  { id: 'bare', node: 'bare', msp: '', kind: 'peer' } as const,
];
const of = (labels: Record<string, string>) =>
  subjectOf(alertOf({ alertname: 'A', ...labels }, {}, null, false), known);

it.each([
  ['its name and MSP', { node: NODE, msp: 'Org1MSP' }, [ID]],
  ['its name alone', { node: NODE }, [ID]],
  ['its ID', { peer: ID }, [ID]],
  ['the address of its operations service', { instance: '10.0.0.1:9443' }, [ID]],
  ['that address, whatever the MSP is called there', { instance: '10.0.0.1:9443', msp: 'org1' }, [ID]],
  ['its name before a port', { instance: `${NODE}:9100` }, [ID]],
  ['a name that several have', { node: 'orderer0' }, ['OrdererMSP/orderer0', 'Org2MSP/orderer0']],
  ['one of them, by its MSP', { node: 'orderer0', msp: 'Org2MSP' }, ['Org2MSP/orderer0']],
  ['a name without an MSP', { node: 'bare', msp: '' }, ['bare']],
  ['a name that nobody knows, with its MSP', { node: 'peer7', msp: 'Org1MSP' }, ['Org1MSP/peer7']],
  ['the same name in another organisation', { node: NODE, msp: 'Org7MSP' }, [`Org7MSP/${NODE}`]],
  ['an ID that nobody knows', { node: 'Org9MSP/peer0' }, ['Org9MSP/peer0']],
  ['a name that nobody knows', { node: 'peer7' }, []],
  ['an address that is none of theirs', { instance: '10.0.0.9:9443' }, []],
  ['nothing', {}, []],
] as const)('an alert is about the nodes that it names by %s', (_, labels, nodes) => {
  expect(of(labels)).toEqual({ nodes, organisation: null });
});

it('without a node it is about its organisation, and so concerns each of its nodes', () => {
  const subject = of({ msp: 'Org1MSP' });
  expect(subject).toEqual({ nodes: [], organisation: 'Org1MSP' });
  expect([ID, 'Org1MSP/other', 'Org1MSP2/peer0', 'bare'].map((id) => concerns(subject, id))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(of({ msp: '' })).toEqual({ nodes: [], organisation: null });
  expect(concerns(of({ node: NODE }), 'Org1MSP/other')).toBe(false);
  expect(concerns(of({ node: NODE }), ID)).toBe(true);
});
