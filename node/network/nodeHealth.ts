import * as z from 'zod';

/** As `/healthz` answers. */
const answer = z.object({
  failed_checks: z.array(z.object({ component: z.string(), reason: z.string() })).optional(),
});

/**
 * What a node's operations service says of its health.
 * @param address `host:port` of the service, without TLS
 * @returns what has failed, nothing where all is well; null where nobody tells
 */
export async function nodeHealth(address: string, timeoutMs: number): Promise<readonly string[] | null> {
  try {
    const response = await fetch(`http://${address}/healthz`, { signal: AbortSignal.timeout(timeoutMs) });
    if (response.status !== 200 && response.status !== 503) {
      return null;
    }
    const { failed_checks: failed = [] } = answer.parse(await response.json());
    return failed.map(({ component, reason }) => `${component}: ${reason}`);
  } catch {
    return null;
  }
}
