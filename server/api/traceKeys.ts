import type { TraceKey, TraceStore } from '#trace/store/traceStore.ts';
import { ApiProblem } from '../problems.ts';

/** Fewer characters would match by accident. Stock logs show this many. */
const SHORTEST_PREFIX = 8;
const MAX_CANDIDATES = 10;
const FULL_ID = /^[\da-f]{64}$/;
const SHORTENED_ID = /^[\da-f]{4,63}$/;

/**
 * The one transaction that a caller means.
 *
 * A full ID, and any that is not made of hex digits, means itself. A shortened one means every transaction that it begins, so
 * two of them are a conflict, even where records hold just the shortened ID; `exact` then asks for that one.
 *
 * A full ID in a named channel is taken as it is, known or not.
 *
 * @throws ApiProblem `trace_not_found`, `ambiguous_trace` with the candidates, `invalid_request` for a prefix that is too short
 */
export async function resolveKey(
  store: TraceStore,
  asked: string,
  options: { readonly channel?: string; readonly exact?: boolean } = {},
): Promise<TraceKey> {
  const lower = asked.toLowerCase();
  // Fabric writes IDs in lower case; what was pasted may come from elsewhere.
  const id = FULL_ID.test(lower) || SHORTENED_ID.test(lower) ? lower : asked;
  // Nothing is left to find: the caller gets the trace, or learns that there is none.
  if (options.channel !== undefined && options.exact !== true && FULL_ID.test(id))
    return { channel: options.channel, txId: id };
  const scope = options.channel === undefined ? {} : { channel: options.channel };
  const isWhole = FULL_ID.test(id);
  const found = await store.find(id, { ...scope, limit: MAX_CANDIDATES + 1, isWhole });

  const same = found.filter((key) => key.txId === id);
  const meansItself = options.exact === true || !SHORTENED_ID.test(id);
  if (meansItself && same.length > 0) return only(same);
  if (options.exact === true) throw traceNotFound();
  if (found.length === 0 && isWhole) return only(await knownByShortened(store, id));
  if (found.length > 0 && id.length < SHORTEST_PREFIX) {
    throw new ApiProblem('invalid_request', {
      detail: `Give the full transaction ID or its first ${SHORTEST_PREFIX} or more characters.`,
      issues: [{ path: 'txId', message: `a prefix must have ${SHORTEST_PREFIX} or more characters` }],
    });
  }
  return only(found);
}

/** Where logs hold nothing but the begin of an ID, the store finds the trace by the full one, channel by channel. */
async function knownByShortened(store: TraceStore, txId: string): Promise<TraceKey[]> {
  const keys: TraceKey[] = [];
  for (const { channel } of await store.channels()) {
    if ((await store.trace({ channel, txId })) !== null) keys.push({ channel, txId });
  }
  return keys;
}

function only(keys: readonly TraceKey[]): TraceKey {
  const [key] = keys;
  if (key === undefined) throw traceNotFound();
  if (keys.length === 1) return key;
  const more = keys.length > MAX_CANDIDATES;
  throw new ApiProblem('ambiguous_trace', {
    detail: `${more ? `More than ${MAX_CANDIDATES}` : keys.length} transactions fit: add characters or name the channel.`,
    candidates: keys.slice(0, MAX_CANDIDATES).map(({ channel, txId }) => ({ channel, txId })),
  });
}

export function traceNotFound(): ApiProblem {
  return new ApiProblem('trace_not_found', {
    detail: 'No collected record speaks of it. It may not have reached a node yet, or its logs are not collected.',
  });
}
