import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deliverBlocks } from '#node/deliver/deliverClient.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { readSigner } from '#node/msp/mspFolder.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { type DeliverTarget } from './targets.ts';
import { DeliverFault, explain } from './explain.ts';

/**
 * One connection to a node's Deliver service in the name of a member. Certificates and keys are read when it is made: those that
 * were renewed hold for the next one.
 */
export class BlockConnection implements Disposable {
  readonly #target: DeliverTarget;
  readonly #client: GrpcClient;
  readonly #signer: ReturnType<typeof readSigner>;
  readonly #tlsCertHash: Uint8Array | undefined;

  /** @throws DeliverFault */
  constructor(target: DeliverTarget) {
    this.#target = target;
    const { tlsRoots, clientCertificate: shown, serverName, address } = target;
    try {
      this.#signer = readSigner(target.msp, target.mspId);
      const clientCertificate =
        shown === undefined
          ? undefined
          : { certificate: read(shown.certificate, 'clientCertificate'), key: read(shown.key, 'clientCertificate') };
      this.#tlsCertHash =
        clientCertificate === undefined
          ? undefined
          : createHash('sha256').update(new X509Certificate(clientCertificate.certificate).raw).digest();
      this.#client = connect({
        address,
        tlsRoots: tlsRoots === undefined ? null : read(tlsRoots, 'tlsRoots'),
        ...(serverName === undefined ? {} : { serverName }),
        ...(clientCertificate === undefined ? {} : { clientCertificate }),
        // A node that vanished without a word shows within a minute.
        keepalive: { intervalMs: 60_000, timeoutMs: 20_000 },
      });
    } catch (error) {
      throw explain(error, target, null);
    }
  }

  /** Number of the newest block. @throws DeliverFault; the signal's reason */
  async newest(channel: string, signal: AbortSignal): Promise<number> {
    try {
      const asked = { ...this.#request(channel, signal), from: 'newest', to: 'newest', headersOnly: true } as const;
      for await (const block of deliverBlocks(asked)) return block.number;
    } catch (error) {
      signal.throwIfAborted();
      throw explain(error, this.#target, channel);
    }
    throw new DeliverFault('no_answer', `${this.#target.address} gave no block of channel ${channel}`);
  }

  /** Blocks for ever. @throws DeliverFault; the signal's reason */
  async *blocks(channel: string, from: number, signal: AbortSignal): AsyncGenerator<BlockView, void> {
    try {
      yield* deliverBlocks({ ...this.#request(channel, signal), from });
    } catch (error) {
      signal.throwIfAborted();
      throw explain(error, this.#target, channel);
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #request(channelId: string, signal: AbortSignal) {
    return {
      client: this.#client,
      service: this.#target.service,
      signer: this.#signer,
      channelId,
      signal,
      ...(this.#tlsCertHash === undefined ? {} : { tlsCertHash: this.#tlsCertHash }),
    };
  }
}

function read(path: string, key: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new DeliverFault('bad_material', `${key}: ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
