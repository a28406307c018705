import { type IncomingMessage, request as requestHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import { MonitoringError } from './monitoringError.ts';

/** PEM texts. */
export interface ClientTls {
  /** Authorities of the servers' certificates; without them those that the system trusts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Question {
  readonly method?: 'GET' | 'PUT' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls?: ClientTls;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * One HTTP request, bounded in time and size. No redirects are followed: an address is asked, and nobody else.
 * @param who as messages call it
 * @throws MonitoringError `unreachable`, `timeout`, `too_large`
 */
export async function ask(url: URL, who: string, question: Question): Promise<Answer> {
  const { method = 'GET', headers = {}, body, tls = {}, timeoutMs, maxBytes } = question;
  const late = AbortSignal.timeout(timeoutMs);
  const signal = question.signal === undefined ? late : AbortSignal.any([late, question.signal]);
  const options: RequestOptions = {
    method,
    agent: false,
    signal,
    ...(url.protocol === 'https:' ? tls : {}),
    headers: { ...headers, ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }) },
  };
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, resolve);
      sent.on('error', reject);
      sent.end(body);
    });
    return { status: response.statusCode ?? 0, text: await textOf(response, who, maxBytes) };
  } catch (error) {
    if (error instanceof MonitoringError) throw error;
    if (late.aborted) {
      throw new MonitoringError('timeout', `${who} did not answer within ${timeoutMs / 1000} s`, { cause: error });
    }
    throw new MonitoringError('unreachable', `${who} cannot be reached: ${reasonOf(error)}`, { cause: error });
  }
}

async function textOf(response: IncomingMessage, who: string, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > maxBytes) {
      response.destroy();
      throw new MonitoringError('too_large', `${who} answered more than ${maxBytes} octets`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no such host',
  EHOSTUNREACH: 'no way to that host',
  ECONNRESET: 'the connection was cut',
  ETIMEDOUT: 'no answer to the connection',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is of an unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of an unknown authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it asks for a client certificate',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'it does not accept the client certificate',
};

/** Without addresses and paths: it is shown. */
function reasonOf(error: unknown): string {
  const { code } = error as { readonly code?: string };
  return REASONS[code ?? ''] ?? code ?? 'the request failed';
}
