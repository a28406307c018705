import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filebeatEvent, filebeatEvents, lumberjack } from '#test/harness/lumberjackClient.ts';
import { importAll } from '../collector.ts';
import { BeatsRig, events, LOG, turns } from '../testing/beatsRig.ts';
import { ownLine, ownLines, range } from '../testing/collectorRig.ts';
import { MemoryRecords } from '../testing/memoryRecords.ts';

let rig: BeatsRig;
beforeEach(() => {
  rig = new BeatsRig();
});
afterEach(() => rig.remove());

/** Without what an import alone knows: that a file has come to its end. */
function idsOf(store: MemoryRecords): string[] {
  return [...store.records.values()].filter(({ record }) => record.ftl.stage !== 'read').map(({ id }) => id);
}

describe('what is sent again', () => {
  it('after a cut adds nothing and does not go through the decoder twice', async () => {
    const first = await rig.connected();
    const gate = Promise.withResolvers<void>();
    rig.store.before = () => gate.promise;
    first.write(lumberjack.batch(events(0, 50)));
    await rig.untilWaiting(50);
    first.cut();
    await first.gone;
    gate.resolve();
    const second = await rig.connect();
    await second.send(events(0, 60));
    expect(rig.store.sequence).toEqual(range(0, 60));
    expect(await rig.metric('ftl_collector_beats_events_repeated_total')).toBe(50);
    expect(await rig.metric('ftl_collector_records_known_total')).toBe(0);
  });

  it('after a restart is known from the checkpoint', async () => {
    await (await rig.connected()).send(events(0, 50));
    await rig.stop();
    await rig.listen();
    await (await rig.connect()).send(events(20, 80));
    expect(rig.store.sequence).toEqual(range(0, 80));
    expect(await rig.metric('ftl_collector_beats_events_repeated_total')).toBe(30);
  });

  it('from another path, or by an import, has the same IDs', async () => {
    const client = await rig.connected();
    await client.send(events(0, 20));
    await client.send(events(0, 20, '/elsewhere/peer.log'));
    expect(rig.store.records.size).toBe(20);
    expect(await rig.metric('ftl_collector_records_known_total')).toBe(20);
  });

  it('of a file that was written anew is none of it', async () => {
    const client = await rig.connected();
    await client.send(events(0, 20));
    const anew = filebeatEvents(Buffer.from(ownLines(100, 110)), LOG);
    await client.send(anew);
    expect(rig.store.sequence).toEqual([...range(0, 20), ...range(100, 110)]);
    expect(await rig.metric('ftl_collector_beats_events_repeated_total')).toBe(0);
  });
});

describe('lines', () => {
  it('of many files on many connections at once come in order, each into its own stream', async () => {
    await rig.listen();
    const paths = range(0, 8).map((index) => `/var/log/fabric/peer${index}.log`);
    await Promise.all(
      paths.map(async (path, index) => {
        const client = await rig.connect();
        const lines = range(0, 300).map((seq) => ownLine(index * 1000 + seq));
        const all = filebeatEvents(Buffer.from(lines.join('')), path, `host${index}`);
        for (let at = 0; at < 300; at += 60) await client.send(all.slice(at, at + 60), { compress: index % 2 === 0 });
      }),
    );
    const { sequence } = rig.store;
    expect(sequence).toHaveLength(2400);
    for (const index of range(0, 8)) {
      const own = sequence.filter((seq) => Math.floor(seq / 1000) === index);
      expect(own).toEqual(range(index * 1000, index * 1000 + 300));
    }
    expect(rig.store.saved.size).toBe(8);
  });

  it('of one file that come on several connections are put in order', async () => {
    await rig.listen({ orderMs: 1e6 });
    const [a, b, c] = [await rig.connect(), await rig.connect(), await rig.connect()];
    c.write(lumberjack.batch(events(60, 90)));
    b.write(lumberjack.batch(events(30, 60)));
    await rig.untilWaiting(60);
    expect(rig.store.records.size).toBe(0);
    a.write(lumberjack.batch(events(0, 30)));
    await Promise.all([a, b, c].map((client) => client.until((acks) => acks.includes(30))));
    expect(rig.store.sequence).toEqual(range(0, 90));
  });

  it('that the sender has joined are taken apart', async () => {
    const client = await rig.connected();
    const message = `${ownLine(1)}${ownLine(2).trimEnd()}\r\n${ownLine(3).trimEnd()}`;
    await client.send([filebeatEvent({ message, offset: 0, path: LOG })]);
    expect(rig.store.sequence).toEqual([1, 2, 3]);
  });

  it('too long for a line are dead letters', async () => {
    await rig.listen({}, { maxLineBytes: 1000 });
    const client = await rig.connect();
    await client.send([filebeatEvent({ message: 'x'.repeat(2000), offset: 77, path: LOG })]);
    expect(rig.letters()).toMatchObject([{ code: 'too_long', file: `host1:${LOG}`, offset: 77, length: 2000 }]);
  });

  it('and events that nobody understands are dead letters, and acknowledged', async () => {
    const client = await rig.connected();
    const broken = ownLine(5).slice(0, -20);
    await client.send(['{ no JSON', '{}', filebeatEvent({ message: broken, offset: 4, path: LOG }), ...events(0, 3)]);
    expect(rig.letters().map(({ code }) => code)).toEqual(['bad_json', 'bad_event', 'bad_json']);
    expect(rig.letters()[2]).toMatchObject({ file: `host1:${LOG}`, line: broken });
    expect(rig.store.sequence).toEqual([0, 1, 2]);
  });

  it('of nodes that the sender names are those of nodes.yaml', async () => {
    await rig.listen({}, { nodes: [{ name: 'peer9.org1', msp: 'Org1MSP', kind: 'peer', addresses: [], logs: [] }] });
    const client = await rig.connect();
    const line =
      '{"level":"info","ts":1767225600.25,"name":"comm.grpc.server","caller":"a.go:1","msg":"unary call completed","grpc.service":"protos.Endorser","grpc.method":"ProcessProposal","grpc.peer_address":"10.0.0.1:1","grpc.code":"OK","grpc.call_duration":0.01}';
    const stock = gunzipSync(
      readFileSync(new URL('../../test/vectors/fabric-v3.1.5/logs/peer0.org1.log.gz', import.meta.url)),
    );
    // Its beginning would tell who it is.
    const lines = stock.toString('utf8').split('\n').slice(2000, 4000);
    const all = filebeatEvents(Buffer.from(`${[line, ...lines].join('\n')}\n`), LOG);
    await client.send(all.map((event) => Object.assign(event, { service: { node: { name: 'peer9.org1' } } })));
    const told = [...rig.store.records.values()].filter(({ record }) => record.ftl.source === 'log');
    const names = new Set(told.map(({ record }) => record['service.node.name']));
    expect(names).toEqual(new Set(['peer9.org1']));
  });
});

describe('a recorded log', () => {
  it.each(['fabric-v3.1.5', 'fabric-v2.5.9'])(
    '%s gives the records that an import gives, with the same IDs',
    async (network) => {
      const file = new URL(`../../test/vectors/${network}/logs/peer0.org1.log.gz`, import.meta.url).pathname;
      const imported = new MemoryRecords();
      await importAll(
        { paths: [file] },
        { store: imported, registry: new Registry(), logger: pino({ level: 'silent' }) },
      );
      const client = await rig.connected();
      const all = filebeatEvents(gunzipSync(readFileSync(file)), '/logs/peer0.org1.log');
      for (let at = 0; at < all.length; at += 2048) await client.send(all.slice(at, at + 2048), { compress: true });
      expect(idsOf(rig.store)).toEqual(idsOf(imported));
      expect(rig.store.records.size).toBeGreaterThan(100);
    },
  );
});

describe("Logstash's lumberjack output", () => {
  it('is refused with its reason where version 1 is switched off', async () => {
    const client = await rig.connected({ versions: [2] });
    client.write(lumberjack.window(1, '1'));
    await client.gone;
    expect(client.acks).toEqual([]);
    expect(await rig.metric('ftl_collector_beats_refused_total')).toBe(1);
  });

  it('gets one acknowledgement a window, whose number goes on from the window before', async () => {
    const client = await rig.connected({ keepAliveMs: 2 });
    const gate = Promise.withResolvers<void>();
    rig.store.before = () => gate.promise;
    const pairs = events(0, 4).map((event, index) => lumberjack.pairs({ line: JSON.stringify(event) }, index + 1));
    const window = (from: number) =>
      Buffer.concat([
        lumberjack.window(2, '1'),
        lumberjack.compressed(Buffer.concat(pairs.slice(from, from + 2)), '1'),
      ]);
    client.write(window(0));
    await rig.untilWaiting(2);
    await turns(10);
    expect(client.acks).toEqual([]);
    gate.resolve();
    await client.until((acks) => acks.length === 1);
    client.write(window(2));
    await client.until((acks) => acks.length === 2);
    expect({ acks: client.acks, versions: client.versions }).toEqual({ acks: [2, 4], versions: '11' });
    expect(rig.store.sequence).toEqual(range(0, 4));
  });
});
