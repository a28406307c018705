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
    throw new MonitoringError('unreachable', `${who} cannot be reached: ${reasonOf(error)}`, { cause: error });
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
const NO_TLS = 'it does not speak TLS: its address begins with http://, not https://';
const REFUSED_CERTIFICATE = 'it does not accept the client certificate';
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
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  ERR_SSL_HTTP_REQUEST: NO_TLS,
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

/** Without addresses and paths: it is shown. */
function reasonOf(error: unknown): string {
  const { code = '' } = error as { readonly code?: string };
  const known = REASONS[code];
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return 'what it answers is not HTTP';
  if (/ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE/.test(code)) return 'it asks for a client certificate';
  // What servers tell a client whose certificate they do not like, in the words of all versions of TLS.
  if (/^ERR_SSL_.*ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/.test(code)) {
    return REFUSED_CERTIFICATE;
  }
  return code === '' ? 'the request failed' : code;
}
