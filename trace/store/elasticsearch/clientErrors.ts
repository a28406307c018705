import { errors } from '@elastic/elasticsearch';
import { StoreError, type StoreErrorCode } from '../errors.ts';

/** How an error of Elasticsearch's is told: its `type`, `reason` and those of what caused it. */
interface ErrorBody {
  readonly type?: unknown;
  readonly reason?: unknown;
  readonly caused_by?: ErrorBody;
  readonly root_cause?: readonly ErrorBody[];
}

const BUSY: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Texts of TLS and name failures that no repetition mends. */
const HOPELESS =
  /certificate|altname|self.signed|unable to verify|unable to get (local )?issuer|wrong version number|ERR_SSL|EPROTO|ENOTFOUND/i;

/** Whether the same request may succeed a little later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof StoreError) return error.code === 'busy';
  if (error instanceof errors.ResponseError) {
    return BUSY.has(error.statusCode ?? 0) && codeOfBlock(textOf(error)) === null;
  }
  if (error instanceof errors.ConnectionError) return !HOPELESS.test(error.message);
  return error instanceof errors.TimeoutError || error instanceof errors.NoLivingConnectionsError;
}

/**
 * An error of the client as the store's own; those that are already pass. The client's error itself is not its `cause`: it
 * carries the whole request, of megabytes, and its headers.
 */
export function asStoreError(error: unknown, location: string, secrets: readonly string[] = []): StoreError {
  if (error instanceof StoreError) return error;
  const [code, text] = describe(error);
  const message = redact(`${location}: ${text}`, secrets);
  const cause = new Error(redact(messageOf(error), secrets));
  if (error instanceof Error) cause.name = error.name;
  return new StoreError(code, message, { cause });
}

/** The error of one item of a bulk request, by its status and `error` object. */
export function itemError(status: number, error: unknown, location: string): StoreError {
  const reason = reasonOf(error as ErrorBody);
  const block = codeOfBlock(reason);
  if (block !== null) return new StoreError(block, `${location}: ${BLOCKS[block]} (${reason}).`);
  return new StoreError(BUSY.has(status) ? 'busy' : 'io', `${location} refused: ${reason}.`);
}

function describe(error: unknown): readonly [StoreErrorCode, string] {
  if (error instanceof errors.ResponseError) return describeAnswer(error);
  const message = messageOf(error);
  if (error instanceof errors.ConnectionError) {
    if (/wrong version number|EPROTO|ERR_SSL/i.test(message)) {
      return ['cannot_open', `no TLS is spoken there (${message}): write http:// if it is so.`];
    }
    if (/certificate|altname|self.signed|unable to/i.test(message)) {
      return [
        'cannot_open',
        `its certificate is not trusted (${message}): name the authority that signed it, --elasticsearch-ca FILE.`,
      ];
    }
    return ['io', `no connection (${message}). Check the address and that Elasticsearch runs.`];
  }
  if (error instanceof errors.TimeoutError) return ['busy', `no answer in time (${message}).`];
  if (error instanceof errors.NoLivingConnectionsError) return ['io', 'none of its nodes can be reached.'];
  if (error instanceof errors.ProductNotSupportedError) return ['cannot_open', `no Elasticsearch answers there.`];
  if (error instanceof errors.ConfigurationError) return ['unsupported_url', message];
  return ['io', message];
}

const BLOCKS = {
  disk_full: 'a disk of the cluster is nearly full, so that it takes no more',
  read_only: 'the index is set to read-only',
} as const;

function describeAnswer(error: InstanceType<typeof errors.ResponseError>): readonly [StoreErrorCode, string] {
  const status = error.statusCode ?? 0;
  const text = textOf(error);
  const block = codeOfBlock(text);
  if (block !== null) return [block, `${BLOCKS[block]} (${text}).`];
  if (status === 401) {
    return [
      'cannot_open',
      `it does not know who asks (${text}): set FTL_ELASTICSEARCH_API_KEY, or FTL_ELASTICSEARCH_USER and FTL_ELASTICSEARCH_PASSWORD.`,
    ];
  }
  if (status === 403) return ['cannot_open', `the credentials do not allow it (${text}).`];
  if (BUSY.has(status)) return ['busy', `it has too much to do or is not ready (HTTP ${status}: ${text}).`];
  return ['io', `HTTP ${status}: ${text}.`];
}

/** What a cluster or index that refuses writes means: a flood-stage watermark, or somebody's setting. */
function codeOfBlock(text: string): keyof typeof BLOCKS | null {
  if (/flood-stage|read-only \/ allow delete|read-only-allow-delete|no space left/i.test(text)) return 'disk_full';
  if (/blocked by.*FORBIDDEN\/\d+\/(index|cluster) (write|read-only)/i.test(text)) return 'read_only';
  return null;
}

function textOf(error: InstanceType<typeof errors.ResponseError>): string {
  const body = error.body as { readonly error?: unknown } | string | undefined;
  if (typeof body === 'string') return body.slice(0, 300);
  if (typeof body?.error === 'string') return body.error.slice(0, 300);
  return reasonOf(body?.error as ErrorBody | undefined);
}

/** `type: reason` and what is behind it, at most 500 characters. */
function reasonOf(body: ErrorBody | undefined): string {
  const parts: string[] = [];
  for (let at = body, depth = 0; at !== undefined && at !== null && depth < 3; at = at.caused_by, depth++) {
    parts.push([at.type, at.reason].filter((part) => typeof part === 'string').join(': '));
  }
  const root = body?.root_cause?.[0];
  if (root !== undefined && root.reason !== body?.reason) parts.push(`${String(root.type)}: ${String(root.reason)}`);
  const text = [...new Set(parts)].filter((part) => part !== '').join('; ');
  return text === '' ? 'no reason given' : text.slice(0, 500);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function redact(text: string, secrets: readonly string[]): string {
  let redacted = text;
  for (const secret of secrets) if (secret !== '') redacted = redacted.replaceAll(secret, '***');
  return redacted;
}
