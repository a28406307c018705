import { createServer, type Server, type Socket, connect } from 'node:net';

/** What Filebeat asks first, which the minimal distribution has no answer to. */
const ROOT = /^(GET|HEAD) \/ HTTP\/1\.1\r\n/;

/**
 * Stands before an Elasticsearch and answers `GET /` with `version`, as the full distribution would; all else goes through as it is.
 */
export async function versionProxy(port: number, version: string): Promise<{ readonly port: number; close(): void }> {
  const open = new Set<Socket>();
  const body = JSON.stringify({
    name: 'node',
    cluster_name: 'perf',
    cluster_uuid: 'perf',
    version: { number: version, build_flavor: 'default', lucene_version: '10.0.0' },
    tagline: 'You Know, for Search',
  });
  const answer = `HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const server: Server = createServer((client) => {
    keep(open, client);
    const upstream = connect(port, '127.0.0.1');
    keep(open, upstream);
    upstream.pipe(client);
    client.once('close', () => upstream.destroy());
    // Neither client sends a request before the answer to the one before: it begins where a chunk does.
    client.on('data', (chunk: Buffer) => {
      if (ROOT.test(chunk.subarray(0, 64).toString('latin1'))) {
        client.write(answer);
      } else if (!upstream.write(chunk)) {
        client.pause();
        upstream.once('drain', () => client.resume());
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    close() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

function keep(open: Set<Socket>, socket: Socket): void {
  socket.setNoDelay(true);
  open.add(socket);
  socket.once('close', () => open.delete(socket));
  socket.on('error', () => socket.destroy());
}
