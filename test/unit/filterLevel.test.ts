import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LOGGING_SPECS, filterLevel, filterLog } from '#test/truth/filterLevel.ts';

const log = (recording: string, file: string) =>
  gunzipSync(readFileSync(new URL(`../vectors/${recording}/logs/${file}.log.gz`, import.meta.url))).toString('utf8');
const entry = (level: string, name: string) => JSON.stringify({ level, name, msg: '' });

describe('filterLevel', () => {
  it('gives each logger the level of the longest name in the spec that it lies under', () => {
    const lines = [
      entry('debug', 'gossip'),
      entry('debug', 'gossip.comm'),
      entry('info', 'gossip.comm.mock'),
      entry('debug', 'gossip.comm.mock'),
      entry('info', 'other'),
      entry('warn', 'other'),
    ];
    const kept = filterLevel(lines, 'warn:gossip=info:gossip.comm=debug');
    expect(kept).toEqual([lines[1], lines[2], lines[3], lines[5]]);
  });

  it('keeps lines without a head with the line before them', () => {
    const lines = [
      '\u001b[34m2026-11-21 01:24:48.082 UTC 0001 INFO\u001b[0m [nodeCmd] \u001b[34;1mserve\u001b[0m -> Starting peer:',
      ' Version: 2.5.9',
      '2026-11-21 01:24:48.083 UTC 0002 DEBU [gossip.comm] Send -> first',
      'second',
      '2026-11-21 01:24:48.084 UTC 0003 WARN [gossip.comm] Send -> third',
    ];
    expect(filterLevel(lines, 'info')).toEqual([lines[0], lines[1], lines[4]]);
  });

  it('changes nothing of a log that was written at info', () => {
    const text = log('fabric-v2.5.9', 'peer0.org1');
    expect(filterLog(text, 'info', 'peer0.org1')).toBe(text);
  });

  it('leaves no debug line at info, and only the named loggers at the lean level', () => {
    const text = log('fabric-v3.1.5', 'peer0.org1');
    expect(filterLog(text, 'info', 'peer0.org1')).not.toContain('"level":"debug"');
    const loggers = new Set(
      filterLog(text, 'lean', 'peer0.org1')
        .split('\n')
        .flatMap((line) => (line.includes('"level":"debug"') ? [(JSON.parse(line) as { name: string }).name] : [])),
    );
    for (const logger of loggers) expect(LOGGING_SPECS.lean.peer).toContain(`${logger}=debug`);
    expect(filterLog(text, 'all', 'peer0.org1')).toBe(text);
  });
});
