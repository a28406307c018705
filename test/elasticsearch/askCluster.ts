import { inject } from 'vitest';

/** Asks the suite's cluster itself, as an administrator would. @throws Error with what it answered */
export async function askCluster<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${inject('elasticsearchUrl')}/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}
