import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { Certificate } from '#node/crypto/certificate.ts';
import type { GrpcService } from '#node/grpc/service.ts';
import type { Tracer } from '#node/tracing/tracer.ts';
import { OrdererError } from '../../ordererError.ts';
import type { OrdererMetrics } from '../../ordererMetrics.ts';
import type { ConsensusType, Consenter, ConsenterSupport } from '../consenter.ts';
import { checkedRaftMetadata, consenterIndex } from '../raftMetadata.ts';
import type { PendingDurability } from './pendingLog.ts';
import { SingleConsenter } from './singleConsenter.ts';

export interface SingleConsensusOptions {
  /** Where messages wait that are in no block yet: a folder for each channel. */
  readonly folder: string;
  readonly pending: PendingDurability;
  /**
   * The certificate (PEM) of this orderer's TLS server, by which it finds itself among the consenters. Null where it serves without
   * TLS: it then takes itself for the only consenter of a channel, whatever certificate that one has.
   */
  readonly serverCertificate: string | Uint8Array | null;
  /** Between two tries to write a block that could not be written, milliseconds. */
  readonly retryMs: number;
}

export interface SingleConsensusModules {
  readonly tracer: Tracer;
  readonly metrics: OrdererMetrics | null;
}

/** Consensus of one: channels configured for `etcdraft` whose only consenter is this orderer. */
export class SingleConsensus implements ConsensusType {
  readonly name = 'etcdraft';
  readonly services: readonly GrpcService[] = [];
  readonly #options: SingleConsensusOptions;
  readonly #modules: SingleConsensusModules;
  readonly #own: Certificate | null;

  /** @throws CryptoError for a certificate that cannot be read */
  constructor(options: SingleConsensusOptions, modules: SingleConsensusModules) {
    this.#options = options;
    this.#modules = modules;
    const { serverCertificate } = options;
    this.#own = serverCertificate === null ? null : Certificate.fromPem(Buffer.from(serverCertificate as string));
  }

  isMember(bundle: ChannelBundle): boolean {
    const consenters = checkedRaftMetadata(bundle).getConsentersList();
    if (this.#own !== null && consenterIndex(consenters, this.#own) < 0) {
      return false;
    }
    if (consenters.length > 1) {
      const names = consenters.map((one) => `${one.getHost()}:${one.getPort()}`).join(', ');
      throw new OrdererError(
        'unsupported_consensus',
        `the channel has ${consenters.length} consenters (${names}), this orderer can only be the single one`,
      );
    }
    return true;
  }

  checkSuccession(now: ChannelBundle, next: ChannelBundle): void {
    const before = now.orderer;
    const after = next.orderer;
    if (before === null || after === null || after.consensusMetadata.length === 0) {
      return;
    }
    let member: boolean;
    try {
      member = this.isMember(next);
    } catch (error) {
      throw error instanceof OrdererError ? error.within('invalid new config metadata') : error;
    }
    if (!member) {
      throw new OrdererError(
        'config_rejected',
        'invalid new config metadata: the only consenter would be another one than this orderer, and nobody would order any more',
      );
    }
  }

  open(support: ConsenterSupport): Promise<Consenter> {
    const { pending, retryMs } = this.#options;
    const folder = this.#folderOf(support.channelId);
    return SingleConsenter.open({ folder, pending, retryMs }, { ...this.#modules, support });
  }

  async remove(channelId: string): Promise<void> {
    await rm(this.#folderOf(channelId), { recursive: true, force: true });
  }

  #folderOf(channelId: string): string {
    return join(this.#options.folder, channelId);
  }
}
