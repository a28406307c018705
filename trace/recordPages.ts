import { type PointInfo, POINTS } from './points.ts';
import { ECS_VERSION, RECORD_VERSION, recordJsonSchema } from './record.ts';

function table(scope: PointInfo['scope']): string {
  const rows = Object.entries<PointInfo>(POINTS)
    .filter(([, info]) => info.scope === scope)
    .map(([point, info]) => `| \`${point}\` | ${info.writtenBy} | ${info.hop} | ${info.meaning} |`);
  return ['| point | written by | sender → receiver | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** `docs/reference/trace-points.md`, made from the table of points. */
export function tracePointsPage(): string {
  return `<!-- Made by \`npm run docs\` from trace/points.ts; a test proves it current. -->
# Trace points

Each record (schema version ${RECORD_VERSION}, ECS ${ECS_VERSION}, [JSON Schema](record.schema.json)) is written at one point, \`ftl.point\`.

## About one transaction

${table('tx')}

## About one block: every transaction of the block shares it

${table('block')}

## About the network

${table('network')}
`;
}

/** \`docs/reference/record.schema.json\`. */
export function recordSchemaPage(): string {
  return `${JSON.stringify(recordJsonSchema(), null, 2)}\n`;
}
