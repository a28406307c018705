import type { Trace as TraceDocument } from '#trace/trace.ts';
import { RECORD_EXAMPLE, SUMMARY_EXAMPLE, TRACE_EXAMPLE } from './examples.ts';
import { asUtc, given } from './given.ts';
import { NoInput } from './noInput.ts';
import { jsonOperation } from './operation.ts';
import { RecordList, Trace, TraceList, TraceListQuery, TraceParams, TraceRefQuery } from './schemas.ts';
import { resolveKey, traceNotFound } from './traceKeys.ts';

const WHICH = `\`txId\` is a full transaction ID or the first 8 or more characters of one. Where more than one transaction fits, in one
channel or in several, the answer is 409 with the candidates; \`channel\` narrows it, and \`exact=true\` asks for a transaction of
which no more of the ID is known than what was given.`;

export const searchTraces = jsonOperation({
  id: 'searchTraces',
  path: '/api/v1/traces',
  tag: 'traces',
  summary: 'Search transactions',
  description:
    'One summary a transaction, page by page: give `next` of an answer as `cursor` of the next request, with the other parameters unchanged. Newest first unless told.',
  params: NoInput,
  query: TraceListQuery,
  answer: {
    name: 'TraceList',
    schema: TraceList,
    description: 'A page of transactions',
    example: { items: [SUMMARY_EXAMPLE], next: null },
  },
  problems: ['invalid_request'],
  exampleQuery: 'channel=mychannel&code=VALID&limit=20',
  async handle({ query }, { store }) {
    const { from, to, ...others } = query;
    return {
      body: await store.traces(given({ ...others, from: from && asUtc(from), to: to && asUtc(to) })),
    };
  },
});

export const getTrace = jsonOperation({
  id: 'getTrace',
  path: '/api/v1/traces/{txId}',
  tag: 'traces',
  summary: "One transaction's way through the network",
  description: `${WHICH}\n\nA trace to which nothing is missing carries an ETag.`,
  params: TraceParams,
  query: TraceRefQuery,
  answer: { name: 'Trace', schema: Trace, description: 'The trace', example: TRACE_EXAMPLE },
  problems: ['invalid_request', 'trace_not_found', 'ambiguous_trace'],
  exampleParams: { txId: 'be8ab01d' },
  async handle({ params, query }, { store }) {
    const key = await resolveKey(store, params.txId, scopeOf(query));
    const trace = await store.trace(key);
    if (trace === null) throw traceNotFound();
    return { body: trace, cache: isComplete(trace) ? 'revalidate' : 'store' };
  },
});

export const listRecords = jsonOperation({
  id: 'listRecords',
  path: '/api/v1/traces/{txId}/records',
  tag: 'traces',
  summary: 'The records that a trace stands on',
  description: `In time order. ${WHICH}`,
  params: TraceParams,
  query: TraceRefQuery,
  answer: {
    name: 'RecordList',
    schema: RecordList,
    description: 'The records',
    example: { items: [RECORD_EXAMPLE] },
  },
  problems: ['invalid_request', 'trace_not_found', 'ambiguous_trace'],
  exampleParams: { txId: 'be8ab01d' },
  async handle({ params, query }, { store }) {
    const items = await store.records(await resolveKey(store, params.txId, scopeOf(query)));
    if (items.length === 0) throw traceNotFound();
    return { body: { items } };
  },
});

function scopeOf(query: { channel?: string | undefined; exact?: 'true' | 'false' | undefined }) {
  return given({ channel: query.channel, exact: query.exact === 'true' });
}

/** Committed by every peer that can be expected to: more records may add to it, but seldom do. */
function isComplete(trace: TraceDocument): boolean {
  return trace.code !== null && trace.block !== null && trace.commits.length > 0 && trace.missing.length === 0;
}
