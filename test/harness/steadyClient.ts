import { setTimeout as delay } from 'node:timers/promises';
import { Broadcaster } from '#node/client/broadcast.ts';
import { agreed, propose } from '#node/client/endorse.ts';
import { createProposal, signProposal } from '#node/client/proposal.ts';
import { assembleTransaction } from '#node/client/transaction.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { CHANNEL, type LiveNetwork, STEADY } from './liveNetwork.ts';

const PAUSE_MS = 10;
const CALL_MS = 20_000;

/**
 * For tests: a client that means no harm and goes on all the time, one transaction after the other, over connections of its own: endorsed by
 * the peer of Org1, which may be all of the network that it sees.
 */
export class SteadyClient {
  /** IDs of those that the orderer took. */
  readonly acknowledged: string[] = [];
  readonly failures: unknown[] = [];
  readonly #network: LiveNetwork;
  readonly #peer: GrpcClient;
  readonly #orderer: GrpcClient;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #number = 0;

  constructor(network: LiveNetwork, options: { readonly prefix: string }) {
    this.#network = network;
    const [peer] = network.org1.peers;
    this.#peer = network.connectTo(peer?.host as string);
    this.#orderer = network.connectTo(network.ordererHost);
    this.#running = this.#run(options.prefix);
  }

  /** Resolves when so many more have been acknowledged. @throws Error when one has failed, unless some may */
  async more(count: number, options: { readonly failing?: boolean } = {}): Promise<void> {
    const wanted = this.acknowledged.length + count;
    while (this.acknowledged.length < wanted) {
      if (this.failures.length > 0 && options.failing !== true) {
        throw new Error('the steady client was disturbed', { cause: this.failures[0] });
      }
      await delay(PAUSE_MS);
    }
  }

  /** Ends after the transaction that is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#peer.close();
    this.#orderer.close();
  }

  async #run(prefix: string): Promise<void> {
    const orderer = new Broadcaster(this.#orderer);
    while (!this.#stop.signal.aborted) {
      try {
        await this.#send(orderer, `${prefix}${this.#number++}`);
      } catch (error) {
        this.failures.push(error);
      }
      await delay(PAUSE_MS);
    }
    orderer.close();
  }

  async #send(orderer: Broadcaster, key: string): Promise<void> {
    const signer = this.#network.client;
    const request = { channelId: CHANNEL, chaincode: STEADY, args: ['put', key, 'value'] };
    const proposal = createProposal(request, signer);
    const signed = await signProposal(proposal, signer);
    const answer = await propose(this.#peer, signed, { timeoutMs: CALL_MS });
    await orderer.send(await assembleTransaction(proposal, agreed([answer]), signer));
    this.acknowledged.push(proposal.txId);
  }
}
