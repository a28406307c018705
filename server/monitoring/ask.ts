import { type IncomingMessage, request as requestHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import { checkServerIdentity } from 'node:tls';
import { MonitoringError } from './monitoringError.ts';

/** PEM texts. */
export interface ClientTls {
  /** Authorities of the servers' certificates; without them those that the system trusts. */
  readonly ca?: string | readonly string[];
  readonly cert?: string;
  readonly key?: string;
}

export interface Question {
  readonly method?: 'GET' | 'PUT' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls?: ClientTls;
  /** Another name that a certificate may be for: whom it is that is asked, where the address is not the name. */
  readonly name?: string;
  /** Milliseconds for the whole of it. */
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
  const { method = 'GET', headers = {}, body, tls = {}, name, timeoutMs, maxBytes } = question;
  const late = AbortSignal.timeout(timeoutMs);
  const signal = question.signal === undefined ? late : AbortSignal.any([late, question.signal]);
  const options: RequestOptions = {
    method,
    agent: false,
    signal,
    ...(url.protocol === 'https:' ? tlsOptions(tls, name) : {}),
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
    throw new MonitoringError('unreachable', `${who} cannot be reached: ${reasonOf(error, url)}`, { cause: error });
  }
}

function tlsOptions({ ca, cert, key }: ClientTls, name: string | undefined): RequestOptions {
  return {
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(name === undefined
      ? {}
      : { checkServerIdentity: (host, shown) => checkServerIdentity(host, shown) && checkServerIdentity(name, shown) }),
  };
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

const UNKNOWN_AUTHORITY = 'its certificate is of an unknown authority, which --operations-ca can name';
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'no way to that host',
  ENETUNREACH: 'no way to that network',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'no answer to the connection',
  HPE_HEADER_OVERFLOW: 'the headers of its answer are too long',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not yet valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** What OpenSSL says of a handshake that failed; of some the code is just EPROTO. Alerts are the other side's words. */
const HANDSHAKES: readonly (readonly [RegExp, string])[] = [
  [/wrong version number|packet length too long|http request/, 'it does not speak TLS: its address is http, not https'],
  [/alert (?:certificate required|handshake failure)/, 'it asks for a client certificate'],
  [
    /alert (?:unknown ca|bad certificate|unsupported certificate|certificate |access denied)/,
    'it does not accept the client certificate',
  ],
];

/** Without addresses and paths: it is shown. */
function reasonOf(error: unknown, { protocol }: URL): string {
  const { code = '', message = '' } = error as { readonly code?: string; readonly message?: string };
  // Node's servers end the connection without a word.
  if (code === 'ECONNRESET' && protocol === 'https:') {
    return 'the connection was cut, as by one who does not accept the client certificate';
  }
  if (code === 'ECONNRESET' && message === 'socket hang up') {
    return 'it ended the connection without an answer, as one does who speaks TLS and is asked without (https, or the label __scheme__ of its target)';
  }
  const known = REASONS[code];
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return 'what it answers is not HTTP';
  const handshake =
    code === 'EPROTO' || code.startsWith('ERR_SSL_') ? HANDSHAKES.find(([said]) => said.test(message)) : undefined;
  return handshake?.[1] ?? (code === '' ? 'the request failed' : code);
}
