import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { ServerError, startServer } from './httpServer.ts';
import { EventReader } from './test/eventStream.ts';
import { replacing, testServer } from './test/runningServer.ts';

const logger = pino({ level: 'silent' });

describe('starting', () => {
  it('binds loopback and takes a free port', async () => {
    const server = await testServer();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(server.port).toBeGreaterThan(0);
    await server.stop();
  });

  it('says what to do when the port is taken', async () => {
    const server = await testServer();
    const second = startServer({ port: server.port, version: '1' }, { store: server.store, logger });
    await expect(second).rejects.toBeInstanceOf(ServerError);
    await expect(second).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringContaining('--port') as string,
    });
    await server.stop();
  });

  it('says what to do when the address is not of this machine', async () => {
    const server = await testServer();
    const elsewhere = startServer({ host: '192.0.2.1', port: 0, version: '1' }, { store: server.store, logger });
    await expect(elsewhere).rejects.toMatchObject({ code: 'address_unknown' });
    await server.stop();
  });
});

describe('closing', () => {
  it('ends open streams at once and frees the port', async () => {
    const server = await testServer();
    const reader = await EventReader.open(`${server.url}/api/v1/live`);
    await reader.nextBlock();
    const ended = reader.next();
    await server.close();
    expect(await ended).toBeNull();
    await expect(fetch(`${server.url}/version`)).rejects.toThrow('fetch failed');
    const next = await startServer({ port: server.port, version: '2' }, { store: server.store, logger });
    expect((await fetch(`${next.url}/version`)).status).toBe(200);
    await next.close();
    await server.store.close();
  });

  it('lets a running request end, and takes no new one', async () => {
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const server = await testServer(
      {},
      [],
      replacing({
        nodes: async () => {
          arrived.resolve();
          await release.promise;
          return [];
        },
      }),
    );
    const running = server.get('/api/v1/nodes');
    await arrived.promise;
    const closed = server.close();
    await expect(fetch(`${server.url}/version`)).rejects.toThrow('fetch failed');
    release.resolve();
    expect(await (await running).json()).toEqual({ items: [] });
    await closed;
    await server.store.close();
  });

  it('cuts what does not end in time', async () => {
    const arrived = Promise.withResolvers<void>();
    const server = await testServer(
      { limits: { drainMs: 20 } },
      [],
      replacing({
        nodes: () => {
          arrived.resolve();
          return new Promise(() => {});
        },
      }),
    );
    const running = server.get('/api/v1/nodes');
    const outcome = running.then(
      () => 'answered',
      () => 'cut',
    );
    await arrived.promise;
    await server.close();
    expect(await outcome).toBe('cut');
    await server.store.close();
  });

  it('may be asked for twice, and leaves the store open', async () => {
    const server = await testServer();
    await Promise.all([server.close(), server.close()]);
    expect(await server.store.revision()).toBeGreaterThan(0);
    await server.store.close();
  });
});
