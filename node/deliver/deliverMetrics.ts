import { Counter, type Registry } from 'prom-client';

export type DataType = 'block' | 'filtered_block' | 'block_and_pvtdata';

/** What a Deliver service counts, under Fabric's names (common/deliver/metrics.go). */
export class DeliverMetrics {
  readonly streamsOpened: Counter;
  readonly streamsClosed: Counter;
  readonly requestsReceived: Counter<'channel' | 'filtered' | 'data_type'>;
  readonly requestsCompleted: Counter<'channel' | 'filtered' | 'data_type' | 'success'>;
  readonly blocksSent: Counter<'channel' | 'filtered' | 'data_type'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.streamsOpened = new Counter({
      name: 'deliver_streams_opened',
      help: 'The number of GRPC streams that have been opened for the deliver service.',
      registers,
    });
    this.streamsClosed = new Counter({
      name: 'deliver_streams_closed',
      help: 'The number of GRPC streams that have been closed for the deliver service.',
      registers,
    });
    this.requestsReceived = new Counter({
      name: 'deliver_requests_received',
      help: 'The number of deliver requests that have been received.',
      labelNames: ['channel', 'filtered', 'data_type'],
      registers,
    });
    this.requestsCompleted = new Counter({
      name: 'deliver_requests_completed',
      help: 'The number of deliver requests that have been completed.',
      labelNames: ['channel', 'filtered', 'data_type', 'success'],
      registers,
    });
    this.blocksSent = new Counter({
      name: 'deliver_blocks_sent',
      help: 'The number of blocks sent by the deliver service.',
      labelNames: ['channel', 'filtered', 'data_type'],
      registers,
    });
  }
}
