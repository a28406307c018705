import type { IncomingMessage } from 'node:http';
import { firstJsonValue, GoJsonError, goKind } from './goJson.ts';
import { type LoggerLevels, LogSpecError } from './loggerLevels.ts';

/** Far more than a specification takes. */
const MAX_BODY = 64 * 1024;
/** Go takes the names of keys in small or capital letters. */
const SPEC = /^spec$/i;

/** Takes up the specification that a request carries as JSON, `{"spec": "…"}`. @returns what is wrong with it, as Fabric says it; null where it counts now */
export async function putSpec(request: IncomingMessage, levels: LoggerLevels): Promise<string | null> {
  const body = await read(request);
  if (body === null) {
    return `the request is longer than ${MAX_BODY} octets`;
  }
  try {
    levels.activate(specOf(firstJsonValue(body)));
    return null;
  } catch (error) {
    if (error instanceof LogSpecError || error instanceof GoJsonError) {
      return error.message;
    }
    throw error;
  }
}

/** Empty where there is none, which stands for info. @throws GoJsonError for what is no specification */
function specOf(value: unknown): string {
  if (value === null) {
    return '';
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new GoJsonError(`json: cannot unmarshal ${goKind(value)} into Go value of type httpadmin.LogSpec`);
  }
  let spec = '';
  for (const [key, given] of Object.entries(value) as [string, unknown][]) {
    if (!SPEC.test(key) || given === null) {
      continue;
    }
    if (typeof given !== 'string') {
      throw new GoJsonError(`json: cannot unmarshal ${goKind(given)} into Go struct field LogSpec.spec of type string`);
    }
    spec = given;
  }
  return spec;
}

/** @returns null where it is too long */
async function read(request: IncomingMessage): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY) {
      return null;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
