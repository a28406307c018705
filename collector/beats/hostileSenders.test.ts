import { connect as connectTls } from 'node:tls';
import { deflateSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LumberjackClient, lumberjack } from '#test/harness/lumberjackClient.ts';
import { tlsMaterial } from '#test/harness/tlsMaterial.ts';
import { startCollector } from '../collector.ts';
import { BeatsRig, events, PLAIN } from '../testing/beatsRig.ts';
import { range } from '../testing/collectorRig.ts';
import { MemoryRecords } from '../testing/memoryRecords.ts';

let rig: BeatsRig;
beforeEach(() => {
  rig = new BeatsRig();
});
afterEach(() => rig.remove());

async function refused(reason: string): Promise<number> {
  const metric = await rig.registry.getSingleMetric('ftl_collector_beats_refused_total')?.get();
  return metric?.values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0;
}

describe('what is not the protocol', () => {
  const bomb = deflateSync(Buffer.alloc(10_000_000));
  it.each([
    ['nonsense', Buffer.from('\0\0\0\0\0\0'), 'bad_frame'],
    ['an event without a window', lumberjack.json({}, 1), 'bad_window'],
    ['a window in a window', Buffer.concat([lumberjack.window(2), lumberjack.window(2)]), 'bad_window'],
    ['a huge window', lumberjack.window(0xffffffff), 'too_large'],
    ['a huge event', Buffer.from('2W\0\0\0\x012J\0\0\0\x01\xff\xff\xff\xff', 'latin1'), 'too_large'],
    ['damaged compression', Buffer.from('2W\0\0\0\x012C\0\0\0\x04abcd'), 'bad_compression'],
    [
      'a compressed frame that ends within an event',
      Buffer.concat([lumberjack.window(1), lumberjack.compressed(lumberjack.json({}, 1).subarray(0, 8))]),
      'bad_frame',
    ],
    [
      'zeros by the million in a few bytes',
      Buffer.concat([Buffer.from('2W\0\0\0\x012C'), uint32(bomb.length), bomb]),
      'bad_frame',
    ],
    [
      'an event of one letter by the million',
      Buffer.concat([lumberjack.window(1), lumberjack.compressed(lumberjack.json('a'.repeat(40_000_000), 1))]),
      'too_large',
    ],
    ['both versions at once', Buffer.concat([lumberjack.window(1), lumberjack.json({}, 1, '1')]), 'bad_frame'],
  ])('ends that connection alone, and is counted: %s', async (_, bytes, reason) => {
    const good = await rig.connected();
    const bad = await rig.connect();
    bad.write(bytes);
    await bad.gone;
    expect(await refused(reason)).toBe(1);
    await good.send(events(0, 10));
    expect(rig.store.sequence).toEqual(range(0, 10));
    expect(rig.status.connections).toBe(1);
  });

  it('may be any bytes at any place of a window: what was acknowledged is stored, and others are served', async () => {
    await rig.listen();
    const good = await rig.connect();
    const batch = lumberjack.batch(events(0, 4), { compress: true });
    const plain = lumberjack.batch(events(0, 4));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(batch, plain),
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 30 }),
        async (whole, place, noise) => {
          const client = await rig.connect();
          const at = place % whole.length;
          client.write(Buffer.concat([whole.subarray(0, at), Buffer.from(noise), whole.subarray(at)]));
          client.end();
          await client.gone;
        },
      ),
      { numRuns: 60 },
    );
    await good.send(events(0, 10));
    expect(rig.store.sequence.filter((seq) => seq >= 0).toSorted((a, b) => a - b)).toEqual(range(0, 10));
    await rig.until(() => rig.status.connections === 1);
  });

  it('is a sender that falls silent', async () => {
    const silent = await rig.connected({ idleMs: 20, keepAliveMs: 5 });
    await silent.gone;
    const half = await rig.connect();
    half.write(lumberjack.batch(events(0, 4)).subarray(0, 300));
    await half.gone;
    expect(await refused('idle')).toBe(2);
  });

  it('is many senders that begin long events and do not go on: the last is turned away, short events are taken', async () => {
    await rig.listen({ maxHeldBytes: 5 * 1024 * 1024 });
    const whole = lumberjack.json('x'.repeat(4 * 1024 * 1024), 1);
    const half = Buffer.concat([lumberjack.window(1), whole.subarray(0, 3 * 1024 * 1024)]);
    const first = await rig.connect();
    await first.flush(half);
    await rig.until(() => rig.status.connections === 1);
    const second = await rig.connect();
    second.write(half);
    await Promise.race([first.gone, second.gone]);
    expect(await refused('too_large')).toBe(1);
    const third = await rig.connect();
    await third.send(events(0, 10));
    // What is let go of is free for others.
    for (const one of [first, second]) one.cut();
    await rig.until(() => rig.status.connections === 1);
    const fourth = await rig.connect();
    fourth.write(half);
    fourth.write(whole.subarray(3 * 1024 * 1024));
    await fourth.until((acks) => acks.includes(1));
    expect(await refused('too_large')).toBe(1);
  });

  it('is one sender too many', async () => {
    const first = await rig.connected({ maxConnections: 1 });
    const second = await rig.connect();
    await second.gone;
    expect(await refused('too_many')).toBe(1);
    await first.send(events(0, 3));
  });
});

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

describe('over TLS', () => {
  const ours = tlsMaterial();
  const strangers = tlsMaterial();
  const trusting = { ca: ours.ca };

  it('events are taken', async () => {
    await rig.listen({ tls: ours.server });
    const client = await rig.connect({ tls: trusting });
    await client.send(events(0, 5000), { compress: true });
    expect(rig.store.sequence).toEqual(range(0, 5000));
    expect(rig.status.tls).toBe(true);
  });

  it('and with certificates of senders, only of those that the authority knows', async () => {
    await rig.listen({ tls: { ...ours.server, clientCa: ours.ca } });
    const client = await rig.connect({ tls: { ...trusting, ...ours.client } });
    await client.send(events(0, 10));
    for (const certificate of [{}, strangers.client]) {
      // With TLS 1.3 the client believes itself connected before the server has looked at its certificate.
      const refusal = await rig.connect({ tls: { ...trusting, ...certificate } }).catch(() => null);
      refusal?.write(lumberjack.batch(events(10, 20)));
      await refusal?.gone;
    }
    await rig.until(() => rig.status.connections === 1);
    expect(await refused('tls')).toBe(2);
    expect(rig.store.sequence).toEqual(range(0, 10));
  });

  it('old versions and plain text are refused', async () => {
    await rig.listen({ tls: ours.server });
    const plain = await rig.connect();
    plain.write(lumberjack.batch(events(0, 10)));
    await plain.gone;
    const old = connectTls({
      host: '127.0.0.1',
      port: rig.status.port,
      ...trusting,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await expect(new Promise((_, reject) => old.once('error', reject))).rejects.toThrow(/protocol version/);
    expect(await refused('tls')).toBe(2);
    expect(rig.store.records.size).toBe(0);
  });

  it('is what a sender may try in vain where plain text is configured', async () => {
    await rig.listen();
    await expect(rig.connect({ tls: trusting })).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await refused('bad_frame')).toBe(1);
  });

  it('can not be had with a certificate that is none', async () => {
    const starting = startCollector(
      { logs: [], beats: { ...PLAIN, tls: { cert: 'none', key: 'none' } } },
      { store: new MemoryRecords(), registry: new Registry(), logger: pino({ level: 'silent' }) },
    );
    await expect(starting).rejects.toMatchObject({ code: 'beats_listen' });
  });

  it('stops while senders are still shaking hands', async () => {
    await rig.listen({ tls: ours.server });
    const client = await LumberjackClient.connect({ port: rig.status.port });
    await rig.stop();
    await client.gone;
    expect(client.acks).toEqual([]);
  });
});
