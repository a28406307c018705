import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filebeatEvent, filebeatEvents, LumberjackClient, lumberjack } from '#test/harness/lumberjackClient.ts';
import { CollectorRig, ownLine, ownLines, range } from '../testing/collectorRig.ts';

let rig: CollectorRig;
beforeEach(() => {
  rig = new CollectorRig();
});
afterEach(() => rig.remove());

const PLAIN = { host: '127.0.0.1', port: 0, tls: null } as const;

async function connected(options: object = {}): Promise<LumberjackClient> {
  await rig.start({ logs: [], beats: { ...PLAIN, ...options } });
  return LumberjackClient.connect({ port: rig.collector.status().beats?.port ?? 0 });
}

function events(from: number, to: number): object[] {
  return filebeatEvents(Buffer.from(ownLines(0, to)), '/var/log/fabric/peer.log').slice(from);
}

describe('windows', () => {
  it.each([false, true])('are acknowledged when the store has them (compressed: %s)', async (compress) => {
    const client = await connected();
    const gate = Promise.withResolvers<void>();
    rig.store.before = () => gate.promise;
    client.write(lumberjack.batch(events(0, 10), { compress }));
    await rig.until(() => rig.collector.status().beats?.waiting === 10);
    expect(client.acks).toEqual([]);
    gate.resolve();
    await client.until((acks) => acks.includes(10));
    expect(rig.store.sequence).toEqual(range(0, 10));
    client.cut();
  });
});
void filebeatEvent;
void ownLine;
