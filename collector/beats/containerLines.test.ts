import { writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { filebeatEvent } from '#test/harness/lumberjackClient.ts';
import { importAll } from '../collector.ts';
import { BeatsRig } from '../testing/beatsRig.ts';
import { ownLine } from '../testing/collectorRig.ts';
import { MemoryRecords } from '../testing/memoryRecords.ts';

let rig: BeatsRig;
beforeEach(() => {
  rig = new BeatsRig();
});
afterEach(() => rig.remove());

const TIME = '2026-01-01T00:00:00.123456789Z';
/** Where Docker cuts a line. */
const PIECE = 16 * 1024;

/** Lines of one of our nodes: short, long, and one with what JSON escapes. */
const lines = [
  ownLine(1),
  ownLine(2, 40_000),
  ownLine(3).replace('"message":""', '"message":"Grüße \\u2028 <&> \\"x\\" 🙂"'),
].map((line) => line.trimEnd());

function pieces(line: string): string[] {
  return Array.from({ length: Math.ceil(line.length / PIECE) }, (_, n) => line.slice(n * PIECE, (n + 1) * PIECE));
}

/** As the json-file driver writes a line; `end` is what the program ended it with. */
function docker(line: string, end = '\n'): string {
  return pieces(`${line}${end}`)
    .map((log) => `${JSON.stringify({ log, stream: 'stdout', time: TIME })}\n`)
    .join('');
}

/** As containerd and CRI-O do. */
function cri(line: string): string {
  const parts = pieces(line);
  return parts.map((part, n) => `${TIME} stdout ${n === parts.length - 1 ? 'F' : 'P'} ${part}\n`).join('');
}

/** As Filebeat ships a line of a container. */
function shipped(message: string, offset: number): object {
  const path = '/var/lib/docker/containers/0a1b/0a1b-json.log';
  return { ...filebeatEvent({ message, offset, path }), stream: 'stdout' };
}

async function idsOf(name: string, content: string): Promise<string[]> {
  const path = rig.path(name);
  writeFileSync(path, content);
  const store = new MemoryRecords();
  await importAll({ paths: [path] }, { store, logger: pino({ level: 'silent' }), registry: new Registry() });
  return [...store.records.keys()];
}

it('a line of a container is one record, whoever takes it out of its wrapper', async () => {
  const expected = await idsOf('peer.txt', `${lines.join('\n')}\n`);
  expect(expected).toHaveLength(lines.length);
  const ways = {
    docker: await idsOf('0a1b-json.log', lines.map((line) => docker(line)).join('')),
    'docker, a terminal': await idsOf('0a1c-json.log', lines.map((line) => docker(line, '\r\n')).join('')),
    cri: await idsOf('0.log', lines.map(cri).join('')),
    compose: await idsOf('compose.txt', lines.map((line) => `peer0.org1  | ${line}\n`).join('')),
  };
  for (const [way, ids] of Object.entries(ways)) expect({ way, ids }).toEqual({ way, ids: expected });

  const client = await rig.connected();
  // Filebeat leaves the line feed of Docker's JSON where it is.
  await client.send(lines.map((line, n) => shipped(n === 0 ? `${line}\n` : line, n * 1000)));
  expect([...rig.store.records.keys()]).toEqual(expected);
});
