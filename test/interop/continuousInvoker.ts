import { setTimeout as delay } from 'node:timers/promises';
import { CHANNEL } from './interopLayout.ts';
import type { InteropNetwork } from './interopNetwork.ts';

const PAUSE_MS = 100;

/** Load: transactions of one chaincode, one after the other, until it is disposed of. Whether they succeed is all one. */
export class ContinuousInvoker implements AsyncDisposable {
  readonly #network: InteropNetwork;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  /** @param hosts who endorse @param args of the transaction of that number */
  constructor(
    network: InteropNetwork,
    hosts: readonly string[],
    name: string,
    args: (number: number) => readonly string[],
  ) {
    this.#network = network;
    this.#running = this.#run(hosts, name, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(hosts: readonly string[], name: string, args: (number: number) => readonly string[]): Promise<void> {
    const peer = this.#network.peerOf(hosts[0] as string);
    const flags = [...this.#network.ordererFlags, ...this.#network.peerFlags(...hosts)];
    for (let number = 0; !this.#stopping.signal.aborted; number++) {
      const what = ['-C', CHANNEL, '-n', name, '-c', JSON.stringify({ Args: args(number) })];
      await peer.attempt(['chaincode', 'invoke', ...what, ...flags]);
      await delay(PAUSE_MS);
    }
  }
}
