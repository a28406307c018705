import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filebeatEvent, filebeatEvents, LumberjackClient, lumberjack } from '#test/harness/lumberjackClient.ts';
import { startCollector } from '../collector.ts';
import { BeatsRig, events, LOG, PLAIN, turns } from '../testing/beatsRig.ts';
import { ownLine, range } from '../testing/collectorRig.ts';
import { MemoryRecords } from '../testing/memoryRecords.ts';

let rig: BeatsRig;
beforeEach(() => {
  rig = new BeatsRig();
});
afterEach(() => rig.remove());

describe('a window', () => {
  it.each([false, true])('is acknowledged when the store has it and not before (compressed: %s)', async (compress) => {
    const client = await rig.connected();
    const gate = Promise.withResolvers<void>();
    rig.store.before = () => gate.promise;
    client.write(lumberjack.batch(events(0, 10), { compress }));
    await rig.untilWaiting(10);
    expect(client.acks).toEqual([]);
    expect(rig.collector.status().caughtUp).toBe(false);
    gate.resolve();
    await client.until((acks) => acks.length === 1);
    expect(client.acks).toEqual([10]);
    expect(rig.store.sequence).toEqual(range(0, 10));
    await rig.collector.untilCaughtUp();
  });

  it('is read the same wherever its bytes are cut', async () => {
    const client = await rig.connected({ keepAliveMs: 1e6 });
    const batch = Buffer.concat([
      lumberjack.batch(events(0, 2)),
      lumberjack.window(1),
      lumberjack.compressed(lumberjack.json(events(2, 3)[0]!, 1)),
    ]);
    for (let at = 1; at < batch.length; at += 3) {
      const before = client.acks.length;
      await client.flush(batch.subarray(0, at));
      await client.flush(batch.subarray(at));
      await client.until((acks) => acks.length === before + 2);
      expect(client.acks.slice(before)).toEqual([2, 1]);
    }
    expect(rig.store.sequence).toEqual(range(0, 3));
  });

  it('of lines that say nothing is acknowledged as well', async () => {
    const client = await rig.connected();
    await client.send([filebeatEvent({ message: 'nothing of interest', offset: 0, path: LOG })]);
    expect(rig.store.records.size).toBe(0);
  });

  it('may have no events, and windows may follow one another unasked', async () => {
    const client = await rig.connected();
    client.write(lumberjack.window(0));
    for (const from of [0, 10, 20, 30]) client.write(lumberjack.batch(events(from, from + 10)));
    await client.until((acks) => acks.length === 4);
    expect(client.acks).toEqual([10, 10, 10, 10]);
    expect(rig.store.sequence).toEqual(range(0, 40));
  });

  it('may mix compressed and plain frames', async () => {
    const client = await rig.connected();
    const [a, b, c] = events(0, 3).map((event, index) => lumberjack.json(event, index + 1));
    client.write(Buffer.concat([lumberjack.window(3), a!, lumberjack.compressed(b!), c!]));
    await client.until((acks) => acks.includes(3));
    expect(rig.store.sequence).toEqual([0, 1, 2]);
  });

  it('is acknowledged after its sender has closed its side', async () => {
    const client = await rig.connected();
    client.write(lumberjack.batch(events(0, 10)));
    client.end();
    await client.gone;
    expect(client.acks).toEqual([10]);
  });

  it('that the store refuses is acknowledged when it no longer does', async () => {
    const client = await rig.connected();
    let refusals = 3;
    rig.store.before = () => {
      if (refusals-- > 0) throw new Error('full');
    };
    await client.send(events(0, 10));
    expect(rig.store.sequence).toEqual(range(0, 10));
    expect(refusals).toBe(-1);
  });
});

describe('while the store is slow', () => {
  it('the sender gets signs of life, then the acknowledgement', async () => {
    const client = await rig.connected({ keepAliveMs: 5 });
    const gate = Promise.withResolvers<void>();
    rig.store.before = () => gate.promise;
    client.write(lumberjack.batch(events(0, 10)));
    await client.until((acks) => acks.length >= 3);
    expect(new Set(client.acks)).toEqual(new Set([0]));
    gate.resolve();
    await client.until((acks) => acks.includes(10));
    expect(await rig.metric('ftl_collector_beats_keep_alives_total')).toBeGreaterThanOrEqual(3);
    expect(await rig.metric('ftl_collector_beats_events_acknowledged_total')).toBe(10);
  });

  it('a sender in the middle of a window learns how much of it is stored', async () => {
    const client = await rig.connected({ keepAliveMs: 5 });
    const [first, ...rest] = events(0, 3).map((event, index) => lumberjack.json(event, index + 1));
    client.write(Buffer.concat([lumberjack.window(3), first!]));
    await client.until((acks) => acks.includes(1));
    client.write(Buffer.concat(rest));
    await client.until((acks) => acks.includes(3));
    expect(await rig.metric('ftl_collector_beats_events_acknowledged_total')).toBe(3);
  });

  it('nothing more is read than a bounded amount', async () => {
    const client = await rig.connected({ maxWaitingBytes: 50_000, keepAliveMs: 1e6 });
    const gate = Promise.withResolvers<void>();
    rig.store.before = () => gate.promise;
    const lines = Array.from({ length: 4000 }, (_, seq) => ownLine(seq, 2000)).join('');
    const all = filebeatEvents(Buffer.from(lines), LOG);
    let flushed = false;
    const sent = client
      .flush(Buffer.concat(range(0, 200).map((part) => lumberjack.batch(all.slice(part * 20, part * 20 + 20)))))
      .then(() => (flushed = true));
    await rig.until(() => rig.status.waiting > 0);
    await turns(50);
    expect(rig.status.waiting).toBeLessThan(1000);
    expect(flushed).toBe(false);
    gate.resolve();
    await sent;
    await client.until((acks) => acks.length === 200);
    expect(rig.store.sequence).toEqual(range(0, 4000));
  });
});

describe('stopping', () => {
  it('acknowledges what came, also of a window that is not whole, and closes', async () => {
    const client = await rig.connected();
    const gate = Promise.withResolvers<void>();
    rig.store.before = () => gate.promise;
    const frames = events(0, 5).map((event, index) => lumberjack.json(event, index + 1));
    client.write(lumberjack.batch(events(5, 10)));
    client.write(Buffer.concat([lumberjack.window(50), ...frames]));
    await rig.untilWaiting(10);
    const stopped = rig.stop();
    gate.resolve();
    await stopped;
    await client.gone;
    expect(client.acks).toEqual([5, 5]);
    expect(rig.store.records.size).toBe(10);
  });

  it('gives up on a store that is down when told so, and acknowledges nothing', async () => {
    const store = new MemoryRecords();
    store.before = () => {
      throw new Error('down');
    };
    const collector = await startCollector(
      { logs: [], beats: PLAIN },
      { store, registry: new Registry(), logger: pino({ level: 'silent' }) },
    );
    const client = await LumberjackClient.connect({ port: collector.status().beats!.port });
    client.write(lumberjack.batch(events(0, 10)));
    await rig.until(() => collector.status().beats?.waiting === 10);
    await expect(collector.stop({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    await client.gone;
    expect(client.acks).toEqual([]);
  });

  it('does not wait for a sender that keeps its side open', async () => {
    const client = await rig.connected();
    await rig.stop();
    await client.gone;
    expect(client.acks).toEqual([]);
  });
});

describe('starting', () => {
  it('fails with a typed error where the address is taken', async () => {
    await rig.listen();
    const taken = rig.collector.status().beats!.port;
    const store = new MemoryRecords();
    const second = startCollector(
      { logs: [], beats: { ...PLAIN, port: taken } },
      { store, registry: new Registry(), logger: pino({ level: 'silent' }) },
    );
    await expect(second).rejects.toMatchObject({ code: 'beats_listen' });
  });
});
