import { describe, expect, it } from 'vitest';
import { eachOnce, MAX_TARGETS, nodeTargets } from './nodeTarget.ts';

const labels = { node: 'peer0', msp: 'Org1MSP', kind: 'peer' };

const many = (count: number) =>
  nodeTargets(Array.from({ length: count }, (_, index) => ({ targets: ['h:1'], labels: { node: `p${index}` } })));

describe('targets of nodes', () => {
  it('are named as traces name nodes', () => {
    const [peer, orderer, bare] = nodeTargets([
      { targets: ['10.0.0.1:9443'], labels },
      { targets: ['[::1]:8443'], labels: { ...labels, node: 'orderer1', kind: 'orderer', __scheme__: 'https' } },
      { targets: ['peer_1.example.com:9443'], labels: { node: 'peer1' } },
    ]);
    expect(peer).toMatchObject({ id: 'Org1MSP/peer0', node: 'peer0', msp: 'Org1MSP', kind: 'peer' });
    expect(peer?.url.href).toBe('http://10.0.0.1:9443/');
    expect(orderer).toMatchObject({ id: 'Org1MSP/orderer1', kind: 'orderer' });
    expect(orderer?.url.href).toBe('https://[::1]:8443/');
    expect(bare).toMatchObject({ id: 'peer1', msp: '', kind: 'peer' });
    const [behind] = nodeTargets([
      { targets: ['ops:443'], labels: { ...labels, __metrics_path__: '/org1/peer-0/metrics' } },
    ]);
    expect(behind?.url.href).toBe('http://ops:443/org1/peer-0/');
  });

  it('are each there once, of two of one name the first', () => {
    const twice = [
      { targets: ['h:1', 'h:2'], labels },
      { targets: ['h:3'], labels: { ...labels, msp: 'Org2MSP' } },
    ];
    expect(nodeTargets(twice).map(({ id, url }) => [id, url.port])).toEqual([
      ['Org1MSP/peer0', '1'],
      ['Org2MSP/peer0', '3'],
    ]);
    const [one] = nodeTargets([{ targets: ['h:1'], labels }]);
    const [other] = nodeTargets([{ targets: ['h:2'], labels }]);
    expect(eachOnce([one!, other!])).toEqual([one]);
  });

  it.each([
    ['h:1', {}, 'h:1 has no label `node`: the name of the node, such as peer0.org1.example.com'],
    ['h:1', { node: '' }, 'h:1 has no label `node`'],
    ['h:1', { node: 'p', kind: 'client' }, 'p has the label `kind` "client": it is `peer` or `orderer`'],
    ['h:1', { node: 'p', __scheme__: 'file' }, 'file://h:1 is no address of an operations service: it is HOST:PORT'],
    ['h:1', { node: 'p', __metrics_path__: '/prom' }, 'it is a path that ends with /metrics'],
    ['h:1', { node: 'p', __metrics_path__: '//other/metrics' }, 'it is a path that ends with /metrics'],
    ['h:1', { node: 'p', __metrics_path__: '/a?b=/metrics' }, 'it is a path that ends with /metrics'],
    ['h', { node: 'p' }, 'http://h is no address of an operations service'],
    ['http://h:1', { node: 'p' }, 'is no address'],
    ['user@h:1', { node: 'p' }, 'is no address'],
    ['h:1/path', { node: 'p' }, 'is no address'],
    ['h:65536', { node: 'p' }, 'is no address'],
    ['[:::1]:1', { node: 'p' }, 'is no address'],
  ])('%s with %o is none', (address, own, why) => {
    const make = () => nodeTargets([{ targets: [address], labels: own }]);
    expect(make).toThrow(RangeError);
    expect(make).toThrow(why);
  });

  it('are so many that one page can show them', () => {
    expect(many(MAX_TARGETS)).toHaveLength(MAX_TARGETS);
    expect(() => many(MAX_TARGETS + 1)).toThrow('it names 201 nodes; at most 200 are watched');
  });
});
