import type { Registry } from 'prom-client';
import type { Signer } from '#node/crypto/sign.ts';
import type { GrpcService, Method } from '#node/grpc/service.ts';
import { BLOCK_STORE_DEFAULTS, type BlockStoreOptions } from '#node/ledger/blocks/blockStore.ts';
import { NO_TRACER, type Tracer } from '#node/tracing/tracer.ts';
import { Broadcast, type BroadcastOptions } from './broadcast.ts';
import type { ConsensusType } from './consensus/consenter.ts';
import type { PendingDurability } from './consensus/single/pendingLog.ts';
import { SingleConsensus } from './consensus/single/singleConsensus.ts';
import { OrdererMetrics } from './ordererMetrics.ts';
import { type ParticipationOptions, ParticipationServer } from './participation/participationServer.ts';
import { Registrar } from './registrar.ts';

export interface OrdererOptions {
  /** Fabric's `FileLedger.Location`. */
  readonly folder: string;
  /** Fabric's `Consensus.WALDir`: messages that are in no block yet. */
  readonly pendingFolder: string;
  /** PEM of the TLS server's certificate, by which this orderer finds itself among a channel's consenters; null without TLS. */
  readonly serverCertificate: string | Uint8Array | null;
  readonly pending: PendingDurability;
  readonly blocks: Partial<BlockStoreOptions>;
  readonly broadcast: BroadcastOptions;
  /** Refuse clients whose certificate has expired. */
  readonly checkExpiration: boolean;
  /** Between two tries to write a block that could not be written, milliseconds. */
  readonly retryMs: number;
  /** Null: no participation API. */
  readonly participation: ParticipationOptions | null;
}

/** All but the places and certificates, which nobody can guess. */
export const ORDERER_DEFAULTS = {
  pending: 'written',
  // Enough for the blocks that peers ask for as they are made.
  blocks: { ...BLOCK_STORE_DEFAULTS, cacheBytes: 4 * 1024 * 1024 },
  broadcast: { pipeline: 32, throttling: null },
  checkExpiration: true,
  retryMs: 1000,
  participation: null,
} as const satisfies Omit<OrdererOptions, 'folder' | 'pendingFolder' | 'serverCertificate'>;

export interface OrdererModules {
  readonly signer: Signer;
  /** Default: nothing is recorded. */
  readonly tracer?: Tracer;
  readonly registry?: Registry;
  /** Told what an operator should know. */
  readonly warn?: (message: string, error: unknown) => void;
  /** Told when a channel came, went, or has another configuration. */
  readonly onConfig?: () => void;
  /** For tests that own the time. */
  readonly now?: () => Date;
  /** In place of the consensus of one; by the name that channels call them. */
  readonly consensusTypes?: readonly ConsensusType[];
}

/**
 * An ordering node without its gRPC server: the channels, Broadcast, and the participation API. Whoever composes it adds Deliver over
 * `registrar`, and serves `broadcast` as `/orderer.AtomicBroadcast/Broadcast` and `services`.
 */
export class Orderer {
  readonly registrar: Registrar;
  /** Of `orderer.AtomicBroadcast`, as `Broadcast`. */
  readonly broadcast: Method;
  /** Services beside `orderer.AtomicBroadcast`: those of consenters among each other. */
  readonly services: readonly GrpcService[];
  readonly participation: ParticipationServer | null;
  readonly #broadcast: Broadcast;

  private constructor(parts: {
    readonly registrar: Registrar;
    readonly broadcast: Broadcast;
    readonly services: readonly GrpcService[];
    readonly participation: ParticipationServer | null;
  }) {
    this.registrar = parts.registrar;
    this.#broadcast = parts.broadcast;
    this.broadcast = parts.broadcast.method;
    this.services = parts.services;
    this.participation = parts.participation;
  }

  /**
   * Opens all channels below the folder and starts them.
   * @throws OrdererError, BlockStoreError for channels that cannot be read; what listening throws
   */
  static async open(
    options: Partial<OrdererOptions> & Pick<OrdererOptions, 'folder' | 'pendingFolder' | 'serverCertificate'>,
    modules: OrdererModules,
  ): Promise<Orderer> {
    const all: OrdererOptions = { ...ORDERER_DEFAULTS, ...options };
    const { signer, tracer = NO_TRACER, registry, now = () => new Date() } = modules;
    const metrics = registry === undefined ? null : new OrdererMetrics(registry);
    const consensusTypes = modules.consensusTypes ?? [
      new SingleConsensus(
        {
          folder: all.pendingFolder,
          pending: all.pending,
          serverCertificate: all.serverCertificate,
          retryMs: all.retryMs,
        },
        { tracer, metrics },
      ),
    ];
    const registrar = await Registrar.open(
      { folder: all.folder, blocks: all.blocks, checkExpiration: all.checkExpiration, now },
      {
        signer,
        tracer,
        metrics,
        consensusTypes: new Map(consensusTypes.map((type) => [type.name, type])),
        warn: modules.warn ?? (() => {}),
        onConfig: modules.onConfig ?? (() => {}),
      },
    );
    const broadcast = new Broadcast(all.broadcast, { chains: registrar, tracer, metrics });
    try {
      const participation =
        all.participation === null ? null : await ParticipationServer.listen(all.participation, registrar);
      const services = consensusTypes.flatMap((type) => type.services);
      return new Orderer({ registrar, broadcast, services, participation });
    } catch (error) {
      broadcast.close();
      await registrar.close();
      throw error;
    }
  }

  /** Takes no more messages, puts those that it has into blocks, and closes the files. The gRPC server is stopped before. */
  async close(): Promise<void> {
    await this.participation?.close();
    this.#broadcast.close();
    await this.registrar.close();
  }
}
