import { Counter, Histogram, type Registry } from 'prom-client';
import { ByLabels, HeldCounter, HeldHistogram } from '#node/metrics/heldSeries.ts';

/** What the runtime counts. */
export interface ChaincodeMetrics {
  launched(chaincode: string, success: boolean, seconds: number): void;
  launchTimedOut(chaincode: string): void;
  executeTimedOut(chaincode: string): void;
  shimRequestReceived(type: string, channel: string, chaincode: string): void;
  shimRequestCompleted(type: string, channel: string, chaincode: string, success: boolean, seconds: number): void;
}

/** Go's client library has these where none are named, and so has prom-client. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const nothing = (): void => {};

export const NO_CHAINCODE_METRICS: ChaincodeMetrics = {
  launched: nothing,
  launchTimedOut: nothing,
  executeTimedOut: nothing,
  shimRequestReceived: nothing,
  shimRequestCompleted: nothing,
};

/** Fabric's names and labels (core/chaincode/metrics.go). */
export function chaincodeMetrics(registry: Registry): ChaincodeMetrics {
  const registers = [registry];
  const launch = new Histogram({
    name: 'chaincode_launch_duration',
    help: 'The time to launch a chaincode.',
    labelNames: ['chaincode', 'success'],
    registers,
  });
  const launchFailures = new Counter({
    name: 'chaincode_launch_failures',
    help: 'The number of chaincode launches that have failed.',
    labelNames: ['chaincode'],
    registers,
  });
  const launchTimeouts = new Counter({
    name: 'chaincode_launch_timeouts',
    help: 'The number of chaincode launches that have timed out.',
    labelNames: ['chaincode'],
    registers,
  });
  const executeTimeouts = new Counter({
    name: 'chaincode_execute_timeouts',
    help: 'The number of chaincode executions (Init or Invoke) that have timed out.',
    labelNames: ['chaincode'],
    registers,
  });
  const received = new HeldCounter({
    name: 'chaincode_shim_requests_received',
    help: 'The number of chaincode shim requests received.',
    labelNames: ['type', 'channel', 'chaincode'],
    registers,
  });
  const completed = new HeldCounter({
    name: 'chaincode_shim_requests_completed',
    help: 'The number of chaincode shim requests completed.',
    labelNames: ['type', 'channel', 'chaincode', 'success'],
    registers,
  });
  const duration = new HeldHistogram({
    name: 'chaincode_shim_request_duration',
    help: 'The time to complete chaincode shim requests.',
    labelNames: ['type', 'channel', 'chaincode', 'success'],
    buckets: BUCKETS,
    registers,
  });
  const receivedBy = new ByLabels((type, channel, chaincode) => received.held({ type, channel, chaincode }));
  const completedBy = new ByLabels((type, channel, chaincode, success) => ({
    count: completed.held({ type, channel, chaincode, success }),
    duration: duration.held({ type, channel, chaincode, success }),
  }));
  return {
    launched(chaincode, success, seconds) {
      launch.observe({ chaincode, success: String(success) }, seconds);
      if (!success) {
        launchFailures.inc({ chaincode });
      }
    },
    launchTimedOut: (chaincode) => launchTimeouts.inc({ chaincode }),
    executeTimedOut: (chaincode) => executeTimeouts.inc({ chaincode }),
    shimRequestReceived: (type, channel, chaincode) => receivedBy.of(type, channel, chaincode).inc(),
    shimRequestCompleted(type, channel, chaincode, success, seconds) {
      const { count, duration: time } = completedBy.of(type, channel, chaincode, String(success));
      count.inc();
      time.observe(seconds);
    },
  };
}
