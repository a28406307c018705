/** A request that Elasticsearch or Kibana did not take. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  readonly code: 'unreachable' | 'refused';

  constructor(code: SetupError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface Endpoint {
  /** `https://elasticsearch:9200`; without a path. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface Waiting {
  /** Milliseconds for which an endpoint may be silent, or say that it is not ready, before it is given up. */
  readonly patienceMs: number;
  readonly retryMs: number;
  readonly tell: (line: string) => void;
}

/**
 * Sends until an answer comes that is not "not ready": a connection that is refused, a 5xx or 429, and, while Elasticsearch has not
 * read its users yet, a 401 are tried again.
 *
 * @throws SetupError `unreachable` when patience ends, `refused` for any other answer than 2xx
 */
export async function send(
  endpoint: Endpoint,
  request: { readonly method: string; readonly path: string; readonly body?: unknown },
  waiting: Waiting,
): Promise<unknown> {
  const until = Date.now() + waiting.patienceMs;
  for (let told = ''; ; ) {
    const answer = await attempt(endpoint, request);
    if ('value' in answer) return answer.value;
    if (!answer.again) throw new SetupError('refused', `${request.method} ${request.path}: ${answer.why}`);
    if (Date.now() >= until)
      throw new SetupError('unreachable', `${endpoint.url} is not ready after ${waiting.patienceMs} ms: ${answer.why}`);
    if (answer.why !== told) waiting.tell(`waiting for ${endpoint.url}: ${answer.why}`);
    told = answer.why;
    await new Promise((wake) => {
      setTimeout(wake, waiting.retryMs);
    });
  }
}

type Answer = { readonly value: unknown } | { readonly again: boolean; readonly why: string };

async function attempt(
  endpoint: Endpoint,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body?: unknown },
): Promise<Answer> {
  const isForm = body instanceof FormData;
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(path, endpoint.url), {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${endpoint.user}:${endpoint.password}`).toString('base64')}`,
        // Kibana takes no change without it; Elasticsearch does not mind.
        'kbn-xsrf': 'ftl',
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    text = await response.text();
  } catch (error) {
    const { message, cause } = error as Error;
    return { again: true, why: cause instanceof Error ? `${message}: ${cause.message}` : message };
  }
  if (response.ok) return { value: text === '' ? null : JSON.parse(text) };
  const { status } = response;
  return { again: status >= 500 || status === 429 || status === 401, why: `${status} ${text.slice(0, 300)}` };
}
