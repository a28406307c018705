import { X509Certificate } from 'node:crypto';
import type { NodeLog } from './nodeParts.ts';

const DAY_MS = 24 * 3600 * 1000;
/** From when on an operator is warned, as in Fabric (common/crypto, `TrackExpiration`). */
const WARNED_MS = 7 * DAY_MS;

/** A certificate that a node cannot do without, by what it is for: `enrollment`, `server TLS`, `client TLS`. */
export interface TrackedCertificate {
  readonly role: string;
  /** PEM. */
  readonly certificate: string | Uint8Array;
}

/**
 * Says when a node's certificates expire, and warns each day of the last week: whoever misses it finds a node that nobody speaks with.
 * @returns ends it
 */
export function trackExpiry(
  certificates: readonly TrackedCertificate[],
  log: NodeLog,
  now: () => number = Date.now,
): () => void {
  const tracked = certificates.map(({ role, certificate }) => ({
    role,
    expires: new X509Certificate(Buffer.from(certificate as string)).validToDate,
  }));
  for (const { role, expires } of tracked) {
    log.info({ certificate: role, expires: expires.toISOString() }, `the ${role} certificate will expire`);
  }
  const warn = (): void => {
    for (const { role, expires } of tracked) {
      const left = expires.getTime() - now();
      if (left <= 0) {
        log.warn({ certificate: role, expires: expires.toISOString() }, `the ${role} certificate has expired`);
      } else if (left < WARNED_MS) {
        const [days, hours] = [Math.floor(left / DAY_MS), Math.floor((left % DAY_MS) / 3_600_000)];
        log.warn(
          { certificate: role, expires: expires.toISOString() },
          `the ${role} certificate expires within ${days} days and ${hours} hours`,
        );
      }
    }
  };
  warn();
  const timer = setInterval(warn, DAY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
