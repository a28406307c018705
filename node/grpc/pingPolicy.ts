import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { constants, type Http2Server } from 'node:http2';

/** Pings too early that are let pass before the connection is ended, as Go's servers do (grpc-go, `maxPingStrikes`). */
const STRIKES = 2;
/** Timers of clients that keep to the interval are not exact. */
const TOLERANCE = 0.99;
/** Of a ping's answer: a frame's header, and what the ping held. */
const ANSWER_BYTES = 17;
const LISTENING = 'tracing:net.server.listen:asyncStart';
const REASON = Buffer.from('too_many_pings');

/**
 * Finds the servers that begin to listen on a port while a call runs: what the gRPC library listens with it keeps to itself.
 * @param listen resolves with the port
 */
export async function serversOf(
  listen: () => Promise<number>,
): Promise<{ readonly port: number; readonly servers: readonly Http2Server[] }> {
  const seen: Http2Server[] = [];
  const listening = (message: unknown): void => {
    seen.push((message as { readonly server: Http2Server }).server);
  };
  subscribe(LISTENING, listening);
  try {
    const port = await listen();
    const servers = seen.filter((server) => {
      const address = server.address();
      return typeof address === 'object' && address?.port === port;
    });
    return { port, servers };
  } finally {
    unsubscribe(LISTENING, listening);
  }
}

/**
 * Ends connections whose clients ask for signs of life more often than they may, with or without calls under way (grpc-go,
 * `keepalive.EnforcementPolicy`; Fabric permits pings without calls). A ping after anything else was sent to the client counts for
 * nothing: with pings, clients measure how much a connection carries.
 * @param minIntervalMs between two pings
 */
export function enforcePings(server: Http2Server, minIntervalMs: number): void {
  server.on('session', (session) => {
    let strikes = 0;
    let last = Number.NEGATIVE_INFINITY;
    /** What was sent until some ping, and how many came since. */
    let sent = -1;
    let pings = 0;
    session.on('ping', () => {
      const now = performance.now();
      const { bytesWritten } = session.socket;
      if (sent < 0 || bytesWritten - sent > pings * ANSWER_BYTES) {
        strikes = 0;
        sent = bytesWritten;
        pings = 0;
      } else if (now - last < minIntervalMs * TOLERANCE) {
        strikes++;
      }
      last = now;
      pings++;
      if (strikes > STRIKES) {
        session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, REASON);
        // Not before that is on its way.
        setImmediate(() => session.destroy());
      }
    });
  });
}
