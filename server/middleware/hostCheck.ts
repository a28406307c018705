import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import type { ServerMetrics } from '../metrics.ts';
import { ApiProblem } from '../problems.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/**
 * Against DNS rebinding: a hostile page whose own name is made to resolve to our address would be of one origin with us and
 * could read every trace. Its requests carry its name in `Host`, so a server on loopback answers to loopback's names and the
 * configured ones only. Bound elsewhere, any name is accepted until names are configured; addresses always are, since an
 * address cannot be rebound.
 *
 * @param bound the address that the server listens at
 */
export function hostCheck(bound: string, allowedHosts: readonly string[], metrics: ServerMetrics): RequestHandler {
  const loopback = isLoopback(bound);
  const names = new Set([...LOOPBACK_NAMES, bound, ...allowedHosts].map((name) => plainName(name)));
  const anyName = !loopback && allowedHosts.length === 0;
  return (request, _response, next) => {
    const name = hostName(request.headers.host);
    const accepted = name !== null && (names.has(name) || anyName || (!loopback && isIP(name) !== 0));
    if (accepted) return next();
    metrics.refused.inc({ reason: 'host_not_served' });
    throw new ApiProblem('host_not_served', {
      detail: 'Call the server as localhost, or add the host name to its configuration.',
    });
  };
}

export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.');
}

function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

/** Name or address of a `Host` header, lower-case, without port and brackets; null if it is no such thing. */
export function hostName(header: string | undefined): string | null {
  const match = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(header ?? '');
  return match?.[1] === undefined ? null : plainName(match[1]);
}
