import { ECS_VERSION, RECORD_VERSION, type StreamCheck, type TraceRecord } from '#trace/record.ts';

/** Whose stream it is, as its records name it. */
export interface StreamOwner {
  readonly node: string;
  readonly serviceType?: TraceRecord['service.type'] | undefined;
}

export type CheckStage = 'missing' | 'altered' | 'read';

const MESSAGES: Readonly<Record<CheckStage, string>> = {
  missing: 'records are missing',
  altered: 'records are not as the node wrote them',
  read: 'records were read',
};

/** A `stream.check`. Hangs on nothing but what the node's lines say, so that whoever sees the same makes the same record. */
export function checkRecord({ node, serviceType }: StreamOwner, stage: CheckStage, check: StreamCheck): TraceRecord {
  const { from, to, until, stream } = check;
  return {
    '@timestamp': until,
    'ecs.version': ECS_VERSION,
    'log.logger': 'ftl.collector',
    ...(serviceType === undefined ? {} : { 'service.type': serviceType }),
    'service.node.name': node,
    message: `${node}: ${MESSAGES[stage]}: ${from === to ? `number ${from}` : `numbers ${from} to ${to}`} of stream ${stream}`,
    ftl: { version: RECORD_VERSION, point: 'stream.check', stage, check },
  };
}
