import type { Request } from 'express';
import { ApiProblem } from '../problems.ts';

/** Far more than any request of this API takes. */
const MAX_BYTES = 16 * 1024;

/**
 * The JSON that a request carries. It must say so in `Content-Type`: no other site's form can, so a page that somebody is lured to cannot
 * make the browser change anything here.
 * @throws ApiProblem `body_not_json`, `body_too_large`
 */
export async function readJson(request: Request): Promise<object> {
  if (!/^application\/json\s*(?:;|$)/i.test(request.get('Content-Type') ?? '')) {
    throw new ApiProblem('body_not_json', { detail: 'Send JSON with `Content-Type: application/json`.' });
  }
  const parts: Buffer[] = [];
  let length = 0;
  // The connection is still needed, for what the caller is answered.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BYTES) {
      request.resume();
      throw new ApiProblem('body_too_large', { detail: `At most ${MAX_BYTES} octets.` });
    }
    parts.push(part);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw new ApiProblem('body_not_json', { cause });
  }
  throw new ApiProblem('body_not_json', { detail: 'A JSON object is needed.' });
}
