import type { IncomingMessage } from 'node:http';
import { type LoggerLevels, LogSpecError } from './loggerLevels.ts';

/** Far more than a specification takes. */
const MAX_BODY = 64 * 1024;

/** Takes up the specification that a request carries as JSON, `{"spec": "…"}`. @returns what is wrong with it; null where it counts now */
export async function putSpec(request: IncomingMessage, levels: LoggerLevels): Promise<string | null> {
  const body = await text(request);
  if (body === null) {
    return `the request is longer than ${MAX_BODY} octets`;
  }
  if (body.trim() === '') {
    return 'EOF';
  }
  let spec: unknown;
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return 'a logging specification comes as an object: {"spec": "info"}';
    }
    spec = (value as { readonly spec?: unknown }).spec ?? '';
  } catch (error) {
    return (error as Error).message;
  }
  if (typeof spec !== 'string') {
    return `json: cannot unmarshal ${typeof spec} into Go struct field LogSpec.spec of type string`;
  }
  try {
    levels.activate(spec);
    return null;
  } catch (error) {
    if (error instanceof LogSpecError) {
      return error.message;
    }
    throw error;
  }
}

/** @returns null where it is too long */
async function text(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY) {
      return null;
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
