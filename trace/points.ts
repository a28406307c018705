/**
 * The points at which records are written: one entry a point, the source of the schema's enum, of the generated page
 * `docs/reference/trace-points.md` and of what `assemble` reads.
 *
 * `scope` says what the record is about: one transaction (`tx`), one block of a channel (`block`: every transaction of that
 * block shares it) or the network itself (`network`: facts that resolve identities, leaders and policies).
 */
export interface PointInfo {
  readonly scope: 'tx' | 'block' | 'network';
  readonly writtenBy: string;
  readonly hop: string;
  readonly meaning: string;
}

export const POINTS = {
  // The method's own points.
  'endorse.request': {
    scope: 'tx',
    writtenBy: 'endorser, ProcessProposal on entry',
    hop: 'client or gateway peer → peer',
    meaning: 'A proposal reached an endorser.',
  },
  'endorse.response': {
    scope: 'tx',
    writtenBy: 'endorser, before the answer',
    hop: 'client or gateway peer → peer (same direction as the request; the answer folds into it)',
    meaning: 'The endorser answered; `status` is the proposal response status, `error` its message.',
  },
  'broadcast.request': {
    scope: 'tx',
    writtenBy: 'orderer, on receipt of an envelope',
    hop: 'client or gateway peer → orderer',
    meaning: 'A transaction reached the ordering service.',
  },
  'broadcast.response': {
    scope: 'tx',
    writtenBy: 'orderer, before the status goes back',
    hop: 'client or gateway peer → orderer',
    meaning: 'The orderer acknowledged or refused; `status` is the common.Status number.',
  },
  'deliver.block': {
    scope: 'block',
    writtenBy: 'peer that pulls from the ordering service, after a block arrived',
    hop: 'orderer → peer',
    meaning: 'A block arrived at a peer from an orderer.',
  },
  'gossip.send': {
    scope: 'block',
    writtenBy: 'peer, before the block goes to another peer',
    hop: 'peer → peer',
    meaning: 'A peer forwarded a block by gossip.',
  },
  'gossip.commit': {
    scope: 'block',
    writtenBy: 'every peer, after the commit',
    hop: 'forwarding peer or orderer (if the writer knows it) → peer',
    meaning: 'A peer committed a block; `txs` carries codes if the writer knows them, `commit_hash` the running hash.',
  },
  // Beyond the method.
  'endorse.caller': {
    scope: 'tx',
    writtenBy: 'gateway peer',
    hop: 'gateway peer → endorser',
    meaning: 'The gateway calls a remote endorser for this transaction.',
  },
  'endorse.result': {
    scope: 'tx',
    writtenBy: 'gateway peer',
    hop: 'gateway peer → endorser',
    meaning: 'How the endorser answered the gateway; `status`, `error`.',
  },
  'gateway.evaluate': {
    scope: 'tx',
    writtenBy: 'gateway peer',
    hop: 'gateway peer → peer that evaluates',
    meaning: 'A query: endorsed by one peer, not meant to be ordered.',
  },
  'gateway.endorse': {
    scope: 'tx',
    writtenBy: 'gateway peer',
    hop: 'client → gateway peer',
    meaning: 'The gateway service was asked to endorse.',
  },
  'gateway.submit': {
    scope: 'tx',
    writtenBy: 'gateway peer',
    hop: 'gateway peer → orderer',
    meaning: 'The gateway sends the transaction to an orderer.',
  },
  'gateway.commit_status': {
    scope: 'tx',
    writtenBy: 'gateway peer',
    hop: 'client → gateway peer',
    meaning: 'The client asked the gateway for the commit status.',
  },
  'chaincode.invoke': {
    scope: 'tx',
    writtenBy: 'endorser, when the chaincode has finished',
    hop: 'peer → chaincode',
    meaning: 'Chaincode ran for this proposal; `duration_us`.',
  },
  'tx.seen': {
    scope: 'tx',
    writtenBy: 'any node',
    hop: '(none)',
    meaning: 'A line that reveals a full transaction ID and nothing else of use; it resolves shortened IDs.',
  },
  'order.block': {
    scope: 'block',
    writtenBy: 'orderer',
    hop: '(none)',
    meaning: 'An orderer created (`stage: created`, the consensus leader) or wrote (`stage: written`) a block.',
  },
  'deliver.send': {
    scope: 'block',
    writtenBy: 'orderer, Deliver service',
    hop: 'orderer → peer',
    meaning: 'The orderer sent a block on a deliver stream; the receiver is often only an address.',
  },
  'deliver.subscribe': {
    scope: 'network',
    writtenBy: 'peer',
    hop: 'orderer → peer',
    meaning: "From now on the peer pulls the channel's blocks from this orderer, starting at `block.number`.",
  },
  'gossip.receive': {
    scope: 'block',
    writtenBy: 'peer',
    hop: 'peer → peer',
    meaning: 'A block arrived by gossip from another peer.',
  },
  'gossip.transfer': {
    scope: 'block',
    writtenBy: 'peer that lacks blocks',
    hop: 'peer that has them → peer that asks',
    meaning:
      'State transfer of blocks `block.number` to `block.last` was requested (`stage: requested`) or a block of it arrived (`stage: received`).',
  },
  'validate.tx': {
    scope: 'tx',
    writtenBy: 'peer',
    hop: '(none)',
    meaning: "A peer's verdict on one transaction: `code`, and `error` with the reason.",
  },
  'validate.block': {
    scope: 'block',
    writtenBy: 'peer',
    hop: '(none)',
    meaning: 'A peer validated a block; `duration_us`.',
  },
  'block.header': {
    scope: 'block',
    writtenBy: 'block source',
    hop: '(none)',
    meaning: 'A block as its ledger holds it: hashes, signers, `txs` with IDs, types and codes in order.',
  },
  'block.tx': {
    scope: 'tx',
    writtenBy: 'block source',
    hop: 'client → (none)',
    meaning:
      'One transaction as a block holds it: creator (`sender`), endorsers, chaincode, function, read-write set summary, code. Ground truth.',
  },
  'config.update': {
    scope: 'block',
    writtenBy: 'peer or orderer',
    hop: '(none)',
    meaning: 'A configuration block took effect.',
  },
  'node.identity': {
    scope: 'network',
    writtenBy: 'any',
    hop: '(none)',
    meaning:
      'Facts about one node in `sender`: any two of its handles (id, name, address, PKI-ID, fingerprint, MSP) belong together.',
  },
  'channel.config': {
    scope: 'network',
    writtenBy: 'block source',
    hop: '(none)',
    meaning:
      "A channel's configuration from `block.number` on: organisations, orderers, consenters, anchor peers, policies (`config`).",
  },
  'chaincode.definition': {
    scope: 'network',
    writtenBy: 'block source',
    hop: '(none)',
    meaning: 'A committed chaincode definition from `block.number` on (`definition`).',
  },
  'leader.gossip': {
    scope: 'network',
    writtenBy: 'peer',
    hop: '(none)',
    meaning:
      'The writer began (`stage: elected`) or ceased (`stage: resigned`) to lead its organisation in the channel.',
  },
  'leader.consensus': {
    scope: 'network',
    writtenBy: 'orderer',
    hop: '(none)',
    meaning:
      "The writer saw the consensus leader change; `consensus.node` is its own number, `consensus.leader` the leader's, 0 for none.",
  },
  'node.start': {
    scope: 'network',
    writtenBy: 'any node',
    hop: '(none)',
    meaning: 'The process started: `sender` tells who, `node_version` its release if known.',
  },
  seal: {
    scope: 'network',
    writtenBy: 'any instrumented node',
    hop: '(none)',
    meaning: 'A signature of the node over its record stream so far.',
  },
  'stream.check': {
    scope: 'network',
    writtenBy: 'collector',
    hop: '(none)',
    meaning:
      "What following a node's numbered and hashed records showed (`check`): numbers that are `missing`, lines that were `altered`, or, at the end of a file, that all of them could be `read`.",
  },
} as const satisfies Record<string, PointInfo>;

export type Point = keyof typeof POINTS;
export const POINT_NAMES = Object.keys(POINTS) as [Point, ...Point[]];
