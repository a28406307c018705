import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { textOfError } from '#node/util/errorText.ts';
import { ClientError } from './clientError.ts';

const CHANNELS = '/participation/v1/channels';
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** Where an orderer's participation API is, and how its administrator proves to be one. */
export interface ParticipationAddress {
  readonly host: string;
  readonly port: number;
  /** PEM, as all here. */
  readonly tlsRoots: string | Uint8Array;
  readonly clientCertificate: string | Uint8Array;
  readonly clientKey: string | Uint8Array;
}

const list = z.object({ channels: z.array(z.object({ name: z.string() })).nullish() });
const failure = z.object({ error: z.string() });

/** IDs of the channels that an orderer serves. @throws ClientError `call`, `bad_answer` */
export async function ordererChannels(
  address: ParticipationAddress,
  timeoutMs = TIMEOUT_MS,
): Promise<readonly string[]> {
  const { status, text } = await call(address, 'GET', timeoutMs);
  const answer = list.safeParse(status === 200 ? jsonOf(text) : null);
  if (!answer.success) {
    throw refused(address, status, text);
  }
  return (answer.data.channels ?? []).map(({ name }) => name);
}

/** Has an orderer join a channel by its genesis block. @throws ClientError `call`, `not_administered` with the reason */
export async function joinOrderer(address: ParticipationAddress, genesis: Uint8Array): Promise<void> {
  const boundary = randomBytes(16).toString('hex');
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="config-block"; filename="config.block"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), genesis, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  const { status, text } = await call(address, 'POST', TIMEOUT_MS, {
    type: `multipart/form-data; boundary=${boundary}`,
    body,
  });
  if (status !== 201) {
    throw refused(address, status, text);
  }
}

async function call(
  { host, port, tlsRoots, clientCertificate, clientKey }: ParticipationAddress,
  method: string,
  timeoutMs: number,
  content?: { readonly type: string; readonly body: Uint8Array },
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const outgoing = request({
      host,
      port,
      path: CHANNELS,
      method,
      ca: Buffer.from(tlsRoots as string),
      cert: Buffer.from(clientCertificate as string),
      key: Buffer.from(clientKey as string),
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      headers: content === undefined ? {} : { 'Content-Type': content.type, 'Content-Length': content.body.length },
    });
    const answered = once(outgoing, 'response');
    outgoing.end(content?.body);
    const [incoming] = (await answered) as [IncomingMessage];
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of incoming as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MAX_ANSWER_BYTES) {
        throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
      }
      parts.push(part);
    }
    return { status: incoming.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') };
  } catch (cause) {
    const address = `${host}:${port}`;
    const late = cause instanceof Error && cause.name === 'AbortError';
    const reason = late ? `no answer within ${timeoutMs / 1000} s` : textOfError(cause);
    throw new ClientError('call', `${address}: ${reason}`, {
      address,
      cause,
    });
  }
}

function refused({ host, port }: ParticipationAddress, status: number, text: string): ClientError {
  const address = `${host}:${port}`;
  const reason = failure.safeParse(jsonOf(text));
  const detail = reason.success ? reason.data.error : text.slice(0, 200);
  return new ClientError(
    reason.success ? 'not_administered' : 'bad_answer',
    `${address} answered ${status}: ${detail}`,
    { address, status },
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
