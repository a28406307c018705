import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { ServerMetrics } from '../metrics.ts';

const ACCEPTED_ID = /^[\w.-]{1,64}$/;
/** Asked every few seconds by machines: logged only at debug level. */
const QUIET = new Set(['/healthz', '/metrics']);

/**
 * Gives each request an ID (the caller's own, if it is a plain one), measures it and logs it once, under the field names of the
 * Elastic Common Schema. `locals.route` is the route's pattern, so that no ID becomes a metric label.
 */
export function requestLog(logger: Logger, metrics: ServerMetrics): RequestHandler {
  return (request, response, next) => {
    const startedAt = process.hrtime.bigint();
    const given = request.get('X-Request-Id');
    const id = given !== undefined && ACCEPTED_ID.test(given) ? given : randomUUID();
    response.locals['requestId'] = id;
    response.setHeader('X-Request-Id', id);
    // The router rewrites `url` on its way, so both are kept as they came.
    const { method, path } = request;
    const query = request.originalUrl.split('?')[1];
    // At the end there may be no socket any more.
    const address = request.socket.remoteAddress ?? null;
    response.once('close', () => {
      const nanoseconds = Number(process.hrtime.bigint() - startedAt);
      const route = (response.locals['route'] as string | undefined) ?? 'unmatched';
      const status = response.statusCode;
      metrics.requestDuration.observe(
        { method: knownMethod(method), route, status: String(status) },
        nanoseconds / 1e9,
      );
      const level = status >= 500 ? 'error' : QUIET.has(path) ? 'debug' : 'info';
      const problem = response.locals['problem'] as string | undefined;
      logger[level](
        {
          'http.request.id': id,
          'http.request.method': method,
          'url.path': path,
          ...(query === undefined ? {} : { 'url.query': query }),
          'http.response.status_code': status,
          'event.duration': nanoseconds,
          'client.address': address,
          ...(problem === undefined ? {} : { 'error.code': problem }),
          ...(response.writableFinished ? {} : { aborted: true }),
        },
        'request',
      );
    });
    next();
  };
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Anybody may send any method; the label must not grow by it. */
function knownMethod(method: string): string {
  return METHODS.has(method) ? method : 'other';
}
