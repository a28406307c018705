import type { Request } from 'express';
import { ApiProblem } from '../problems.ts';
import { NoInput } from './noInput.ts';
import { rawOperation } from './operation.ts';
import { LiveQuery } from './schemas.ts';

const EXAMPLE = `retry: 2000
id: 4711

event: block
data: {"channel":"mychannel","number":4}

event: trace
data: {"channel":"mychannel","txId":"be8ab01d…","code":"VALID", …}
id: 4712
`;

export const live = rawOperation({
  id: 'live',
  path: '/api/v1/live',
  tag: 'live',
  summary: 'What changes, as it changes (server-sent events)',
  description: `Events: \`trace\` with a TraceSummary that is new or has changed, \`block\` with a LiveBlock, \`gap\` with a LiveGap
where something was left out since the reader was too slow or away too long: ask for lists afresh then. \`id\` is the store's
revision; a stream that resumes with it, by \`Last-Event-ID\` as browsers do or by \`after\`, is sent all that came since. Some
events may come twice; the later one holds. Comments keep the connection open. Without either, the stream starts now.`,
  params: NoInput,
  query: LiveQuery,
  headers: { 'Last-Event-ID': 'Revision that was seen last' },
  answer: { mediaType: 'text/event-stream', description: 'The stream', example: EXAMPLE },
  problems: ['invalid_request', 'too_many_listeners', 'shutting_down'],
  async handle({ query, request }, { feed }, response) {
    const after = lastEventId(request) ?? query.after ?? null;
    if (request.method === 'HEAD') {
      response.type('text/event-stream').set('Cache-Control', 'no-store').end();
      return;
    }
    await feed.join(response, after);
  },
});

function lastEventId(request: Request): number | null {
  const text = request.get('Last-Event-ID');
  if (text === undefined || text === '') return null;
  const id = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(id)) return id;
  throw new ApiProblem('invalid_request', {
    detail: 'Last-Event-ID is not an ID of this stream.',
    issues: [{ path: 'Last-Event-ID', message: 'must be a whole number' }],
  });
}
