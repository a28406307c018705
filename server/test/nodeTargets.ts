import type { NodeTarget } from '../monitoring/nodeTarget.ts';

/** A target of this name at this address. */
export function targetAt(url: URL, node = 'peer0.org1.example.com', kind: NodeTarget['kind'] = 'peer'): NodeTarget {
  const msp = kind === 'peer' ? 'Org1MSP' : 'OrdererMSP';
  return { id: `${msp}/${node}`, node, msp, kind, url };
}
