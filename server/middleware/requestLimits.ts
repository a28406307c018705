import type { RequestHandler } from 'express';
import type { ServerMetrics } from '../metrics.ts';
import type { ServerLimits } from '../options.ts';
import { ApiProblem } from '../problems.ts';

/** Long addresses and reading requests with a body end here. Sizes of headers and times are Node's to keep. */
export function requestLimits(limits: ServerLimits, metrics: ServerMetrics): RequestHandler {
  return (request, response, next) => {
    if (request.originalUrl.length > limits.urlLength) {
      metrics.refused.inc({ reason: 'uri_too_long' });
      throw new ApiProblem('uri_too_long', { detail: `At most ${limits.urlLength} characters.` });
    }
    const length = request.headers['content-length'];
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (reads && (request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0'))) {
      metrics.refused.inc({ reason: 'body_not_allowed' });
      // What follows on this connection is a body that nobody reads.
      response.setHeader('Connection', 'close');
      throw new ApiProblem('body_not_allowed');
    }
    // Other methods are for their route to take or to refuse, and then their bodies are not read: nothing may follow them.
    if (!reads) response.setHeader('Connection', 'close');
    next();
  };
}

/** At most so many requests at a time ask the store; the rest is sent away at once, with the time to come back. */
export function concurrencyLimit(limits: ServerLimits, metrics: ServerMetrics): RequestHandler {
  let running = 0;
  return (_request, response, next) => {
    if (running >= limits.concurrentRequests) {
      metrics.refused.inc({ reason: 'busy' });
      throw new ApiProblem('busy', { headers: { 'Retry-After': '1' } });
    }
    metrics.inFlight.set(++running);
    response.once('close', () => metrics.inFlight.set(--running));
    next();
  };
}
