import { OrdererError } from '../ordererError.ts';
import type { Consenter, ConsenterStatus } from './consenter.ts';

/** Of a channel that this orderer holds blocks of but is no consenter of (any more): the blocks are kept, nothing is ordered. */
export class InactiveConsenter implements Consenter {
  readonly failure: string;
  readonly status: ConsenterStatus = { relation: 'config-tracker', status: 'inactive' };

  /** @param reason as its clients are told */
  constructor(reason: string) {
    this.failure = reason;
  }

  order(): Promise<void> {
    return this.waitReady();
  }

  configure(): Promise<void> {
    return this.waitReady();
  }

  waitReady(): Promise<void> {
    return Promise.reject(new OrdererError('unavailable', this.failure));
  }

  start(): void {}

  halt(): Promise<void> {
    return Promise.resolve();
  }
}
