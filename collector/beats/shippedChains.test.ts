import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StreamCheck } from '#trace/record.ts';
import { filebeatEvents, lumberjack } from '#test/harness/lumberjackClient.ts';
import { chainAfter, chainStart } from '../decoders/recordStream/chain.ts';
import { BeatsRig, LOG } from '../testing/beatsRig.ts';
import { range } from '../testing/collectorRig.ts';

const NODE = 'peer0.org1.example.com';
const STREAM = '0123456789abcdef';
const ZEROS = '0'.repeat(64);

/** Lines of a node that numbers and chains its records. */
function chainedLines(count: number): string[] {
  let chain = chainStart(NODE, STREAM);
  return range(0, count).map((seq) => {
    const record = {
      '@timestamp': new Date(Date.UTC(2026, 0, 1) + seq).toISOString(),
      'service.node.name': NODE,
      ftl: { version: 1, point: 'tx.seen', channel: 'c', tx_id: `tx${seq}`, stream: STREAM, seq, chain: ZEROS },
    };
    const line = JSON.stringify(record);
    chain = chainAfter(chain, line);
    return line.replace(ZEROS, chain);
  });
}

function eventsOf(lines: readonly string[]): object[] {
  return filebeatEvents(Buffer.from(lines.map((line) => `${line}\n`).join('')), LOG);
}

/** As Filebeat ships them with a JSON parser: the fields at the top, their order another each time. */
function takenApart(events: readonly object[]): object[] {
  return events.map((event) => {
    const { message, ...rest } = event as { message: string };
    const record = JSON.parse(message) as { ftl: object };
    const ftl = Object.fromEntries(Object.entries(record.ftl).toReversed());
    return { ...rest, ...record, ftl };
  });
}

let rig: BeatsRig;
beforeEach(() => {
  rig = new BeatsRig();
});
afterEach(() => rig.remove());

function checks(): { stage: string | undefined; check: StreamCheck | undefined }[] {
  return [...rig.store.records.values()]
    .filter(({ record }) => record.ftl.point === 'stream.check')
    .map(({ record }) => ({ stage: record.ftl.stage, check: record.ftl.check }));
}

describe('chains of records that are shipped', () => {
  it('hold, though their parts come over several connections and are sent again', async () => {
    await rig.listen({ orderMs: 1e6 });
    const events = eventsOf(chainedLines(600));
    const clients = [await rig.connect(), await rig.connect(), await rig.connect()];
    const parts = range(0, 12).map((part) => events.slice(part * 50, part * 50 + 50));
    // Later parts first, on every connection.
    const order = [2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9];
    for (const [index, part] of order.entries()) clients[index % 3]!.write(lumberjack.batch(parts[part]!));
    await Promise.all(clients.map((client) => client.until((acks) => acks.filter((ack) => ack === 50).length === 4)));
    await clients[1]!.send(events.slice(300));
    expect(rig.store.sequence).toEqual(range(0, 600));
    expect(checks()).toEqual([]);
  });

  it('are found broken where a line is missing or was altered, as in a file that is followed', async () => {
    const client = await rig.connected();
    const lines = chainedLines(40);
    lines[30] = lines[30]!.replace('tx30', 'txX');
    lines.splice(10, 2);
    await client.send(eventsOf(lines));
    expect(checks()).toMatchObject([
      { stage: 'missing', check: { from: 10, to: 11 } },
      { stage: 'altered', check: { from: 30, to: 30, fault: 'hash' } },
    ]);
  });

  it('that the sender has taken apart are checked by their numbers', async () => {
    const client = await rig.connected();
    const events = takenApart(eventsOf(chainedLines(40)));
    await client.send(events);
    await client.send(takenApart(eventsOf(chainedLines(40))).slice(20));
    expect(rig.store.sequence).toEqual(range(0, 40));
    expect(await rig.metric('ftl_collector_beats_events_repeated_total')).toBe(20);
    expect(checks()).toEqual([]);
    const lines = chainedLines(60).slice(40);
    const offset = Buffer.byteLength(`${chainedLines(40).join('\n')}\n`);
    const more = takenApart(eventsOf(lines.toSpliced(5, 3))) as { log: { offset: number } }[];
    for (const event of more) event.log.offset += offset;
    await client.send(more);
    expect(checks()).toMatchObject([{ stage: 'missing', check: { from: 45, to: 47 } }]);
  });
});
