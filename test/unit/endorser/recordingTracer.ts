import { NO_TRACER, type StepResult, type Tracer } from '#node/tracing/tracer.ts';

export type ChaincodeInvokeRecord = StepResult & { readonly packageId: string };

/** For tests: keeps the runs of chaincode, each when it has ended. */
export function recordingTracer(records: ChaincodeInvokeRecord[]): Tracer {
  return { ...NO_TRACER, chaincodeInvoke: (step) => records.push(step) };
}
