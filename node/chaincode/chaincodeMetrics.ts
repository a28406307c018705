import { Counter, Histogram, type Registry } from 'prom-client';

/** What the runtime counts. */
export interface ChaincodeMetrics {
  launched(chaincode: string, success: boolean, seconds: number): void;
  launchTimedOut(chaincode: string): void;
  executeTimedOut(chaincode: string): void;
  shimRequestReceived(type: string, channel: string, chaincode: string): void;
  shimRequestCompleted(type: string, channel: string, chaincode: string, success: boolean, seconds: number): void;
}

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
  const received = new Counter({
    name: 'chaincode_shim_requests_received',
    help: 'The number of chaincode shim requests received.',
    labelNames: ['type', 'channel', 'chaincode'],
    registers,
  });
  const completed = new Counter({
    name: 'chaincode_shim_requests_completed',
    help: 'The number of chaincode shim requests completed.',
    labelNames: ['type', 'channel', 'chaincode', 'success'],
    registers,
  });
  const duration = new Histogram({
    name: 'chaincode_shim_request_duration',
    help: 'The time to complete chaincode shim requests.',
    labelNames: ['type', 'channel', 'chaincode', 'success'],
    registers,
  });
  return {
    launched(chaincode, success, seconds) {
      launch.observe({ chaincode, success: String(success) }, seconds);
      if (!success) {
        launchFailures.inc({ chaincode });
      }
    },
    launchTimedOut: (chaincode) => launchTimeouts.inc({ chaincode }),
    executeTimedOut: (chaincode) => executeTimeouts.inc({ chaincode }),
    shimRequestReceived: (type, channel, chaincode) => received.inc({ type, channel, chaincode }),
    shimRequestCompleted(type, channel, chaincode, success, seconds) {
      const labels = { type, channel, chaincode, success: String(success) };
      completed.inc(labels);
      duration.observe(labels, seconds);
    },
  };
}
