import { closeSync, openSync, writeSync } from 'node:fs';
import { traceIdOf } from '#trace/record.ts';
import { generateRecords } from './generateRecords.ts';

/** Records as our own nodes write them, a line each: request and response of each call, block-level records with their transactions. */
export function writeOwnLog(file: string, count: number): void {
  const out = openSync(file, 'w');
  let seq = 0;
  for (const batch of generateRecords(count, 5000)) {
    const lines: string[] = [];
    for (const { record } of batch) {
      if (seq >= count) break;
      const { ftl, ...top } = record;
      const trace = ftl.tx_id === undefined ? {} : { 'trace.id': traceIdOf(ftl.channel ?? '', ftl.tx_id) };
      const line = { ...top, 'log.level': 'info', 'ecs.version': '9.2.0', ...trace, ftl: { ...ftl, seq: seq++ } };
      lines.push(JSON.stringify(line));
    }
    if (lines.length > 0) writeSync(out, `${lines.join('\n')}\n`);
  }
  closeSync(out);
}
