/** What the recordings' own descriptions say of their nodes: which log is whose. */
export interface RecordedNode {
  /** Log's file name without `.log.gz`. */
  readonly file: string;
  readonly id: string;
  readonly kind: 'peer' | 'orderer';
  readonly port: number;
}

const org = (n: number, peer: number, port: number): RecordedNode => ({
  file: `peer${peer}.org${n}`,
  id: `Org${n}MSP/peer${peer}.org${n}.example.com`,
  kind: 'peer',
  port,
});
const orderer = (n: number, port: number): RecordedNode => ({
  file: `orderer${n}`,
  id: `OrdererMSP/orderer${n}.example.com`,
  kind: 'orderer',
  port,
});

export interface Recording {
  readonly name: 'fabric-v3.1.5' | 'fabric-v2.5.9';
  readonly host: string;
  readonly blocks: number;
  readonly gossipKnown: boolean;
  readonly nodes: readonly RecordedNode[];
}

export const RECORDINGS: readonly Recording[] = [
  {
    name: 'fabric-v3.1.5',
    host: 'localhost',
    blocks: 82,
    gossipKnown: true,
    nodes: [
      orderer(1, 7050),
      orderer(2, 7150),
      orderer(3, 7250),
      org(1, 0, 7051),
      org(1, 1, 7061),
      org(2, 0, 9051),
      org(2, 1, 9061),
      org(3, 0, 11051),
    ],
  },
  {
    name: 'fabric-v2.5.9',
    host: '127.0.0.1',
    blocks: 18,
    gossipKnown: false,
    nodes: [orderer(1, 7050), org(1, 0, 7051), org(1, 1, 7061), org(2, 0, 9051), org(2, 1, 9061)],
  },
];
