import type { Socket } from 'node:net';
import type { ChannelCredentials } from '@grpc/grpc-js';

/** Open to those who derive credentials of their own, as its type says. */
const CREATE = '_createSecureConnector';

/**
 * What the gRPC library leaves to the system when a connection is closed, and what then keeps a process from ending while the other end
 * hangs: a TLS handshake that nobody answers is broken off, and a connection that waits for the other end to close it too is not
 * waited for.
 */
export function withoutLooseEnds(credentials: ChannelCredentials): ChannelCredentials {
  const create = credentials[CREATE].bind(credentials);
  credentials[CREATE] = (...args) => {
    const connector = create(...args);
    const open = new Map<Socket, 'handshake' | 'established'>();
    let closed = false;
    return {
      async connect(socket) {
        if (closed) {
          socket.destroy();
        }
        open.set(socket, 'handshake');
        socket.once('close', () => open.delete(socket));
        const secured = await connector.connect(socket);
        open.set(socket, 'established');
        return secured;
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy() {
        closed = true;
        for (const [socket, state] of open) {
          if (state === 'handshake') {
            socket.destroy();
          } else {
            socket.unref();
          }
        }
        connector.destroy();
      },
    };
  };
  return credentials;
}
