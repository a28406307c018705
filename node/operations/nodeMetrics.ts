import { Gauge, type Registry } from 'prom-client';
import { chaincodeMetrics, type ChaincodeMetrics } from '#node/chaincode/chaincodeMetrics.ts';
import { CommitMetrics } from '#node/commit/commitMetrics.ts';
import { DeliverMetrics } from '#node/deliver/deliverMetrics.ts';
import { createEndorserMetrics, type EndorserMetrics } from '#node/endorser/metrics.ts';
import { StateMetrics } from '#node/gossip/stateMetrics.ts';
import { GrpcMetrics } from '#node/grpc/grpcMetrics.ts';
import { BlockStoreMetrics } from '#node/ledger/blocks/blockStoreMetrics.ts';
import { declareTraceMetrics, type TraceStatistics } from '#node/tracing/traceMetrics.ts';
import { CertificateMetrics } from './certificateMetrics.ts';
import { LogMetrics } from './nodeLogs.ts';
import { declareProcessMetrics } from './processMetrics.ts';

/** What every room of a peer counts by, in the registry of the peer. */
export interface PeerMetrics {
  readonly grpc: GrpcMetrics;
  readonly deliver: DeliverMetrics;
  readonly endorser: EndorserMetrics;
  readonly chaincode: ChaincodeMetrics;
  readonly blocks: BlockStoreMetrics;
  readonly commit: CommitMetrics;
  readonly state: StateMetrics;
}

export function peerMetrics(registry: Registry): PeerMetrics {
  const blocks = new BlockStoreMetrics(registry);
  return {
    grpc: new GrpcMetrics(registry),
    deliver: new DeliverMetrics(registry),
    endorser: createEndorserMetrics(registry),
    chaincode: chaincodeMetrics(registry),
    blocks,
    commit: new CommitMetrics(registry, { blocks }),
    state: new StateMetrics(registry),
  };
}

/** The same of an orderer; those of ordering are declared by `Orderer` itself. */
export interface OrdererNodeMetrics {
  readonly grpc: GrpcMetrics;
  readonly deliver: DeliverMetrics;
}

export function ordererNodeMetrics(registry: Registry): OrdererNodeMetrics {
  return { grpc: new GrpcMetrics(registry), deliver: new DeliverMetrics(registry) };
}

export interface CommonMetrics {
  readonly logs: LogMetrics;
  readonly certificates: CertificateMetrics;
}

export interface CommonMetricsOptions {
  /** What the node says it is. */
  readonly version: string;
  /** Of the node's ledgers. */
  readonly folder: string;
  /** Null where tracing is off. */
  readonly tracing: () => TraceStatistics | null;
}

/** What peers and orderers have alike. */
export function commonMetrics(registry: Registry, { version, folder, tracing }: CommonMetricsOptions): CommonMetrics {
  new Gauge({
    name: 'fabric_version',
    help: 'The active version of Fabric.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  declareProcessMetrics(registry, folder);
  declareTraceMetrics(registry, tracing);
  return { logs: new LogMetrics(registry), certificates: new CertificateMetrics(registry) };
}
