import type { IncomingMessage } from 'node:http';

/** Why a request's form cannot be taken; the message is what the client is told. */
export class FormError extends Error {
  override readonly name = 'FormError';
}

/**
 * The one file of a `multipart/form-data` request.
 * @param maxBytes of the whole body
 * @throws FormError
 */
export async function readFormFile(
  request: IncomingMessage,
  { key, maxBytes }: { readonly key: string; readonly maxBytes: number },
): Promise<Uint8Array> {
  const body = await readBody(request, maxBytes);
  let form: FormData;
  try {
    const headers = { 'content-type': request.headers['content-type'] ?? '' };
    form = await new Response(new Uint8Array(body), { headers }).formData();
  } catch (cause) {
    throw new FormError(`cannot read form from request body: ${reasonOf(cause)}`, { cause });
  }
  const parts = [...form];
  const file = parts.find(([name, value]) => name === key && typeof value !== 'string')?.[1];
  if (file === undefined || typeof file === 'string') {
    throw new FormError(`form does not contains part key: ${key}`);
  }
  if (parts.length !== 1) {
    throw new FormError('form contains too many parts');
  }
  return new Uint8Array(await file.arrayBuffer());
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBytes) {
      throw new FormError('cannot read form from request body: http: request body too large');
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
