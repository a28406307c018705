import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientOptions, errors } from '@elastic/elasticsearch';
import { StoreError } from '../errors.ts';
import { type ElasticsearchAddress, formatAddress } from './address.ts';
import { asStoreError, isPassing } from './clientErrors.ts';

/** Who asks, and how patiently. Secrets among them show up in no message. */
export interface ElasticsearchAccess {
  /** As Kibana or `POST /_security/api_key` give it, encoded. Goes before user and password. */
  readonly apiKey?: string;
  readonly user?: string;
  readonly password?: string;
  /** PEM text of the authorities that may have signed the nodes' certificates. */
  readonly ca?: string;
  /** For one answer: 30,000 unless told. */
  readonly requestTimeoutMs?: number;
  /** For how long a request is repeated while the cluster is busy or cannot be reached: 15,000 unless told. */
  readonly retryMs?: number;
  /** The same while no node has answered yet, so that a mistake in the address shows soon: 3,000 unless told, never more than `retryMs`. */
  readonly connectMs?: number;
}

const REQUEST_TIMEOUT_MS = 30_000;
const RETRY_MS = 15_000;
const CONNECT_MS = 3000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;
/** Of one answer, uncompressed: whatever a node sends must not take all memory. */
const LONGEST_ANSWER = 256 << 20;

/**
 * The way to a cluster. What passes (429, 502 to 504, a node that is restarting) is tried again with growing pauses, at another
 * node where there are several; everything else comes as `StoreError`. Needs neither `GET /` nor any feature of a licence.
 */
export class Connection {
  readonly prefix: string;
  /** The store's URL, for people; it holds no secret. */
  readonly location: string;
  readonly #client: Client;
  readonly #secrets: readonly string[];
  readonly #retryMs: number;
  readonly #connectMs: number;
  #hasAnswered = false;
  readonly #closing = new AbortController();

  constructor(address: ElasticsearchAddress, access: ElasticsearchAccess = {}) {
    this.prefix = address.prefix;
    this.location = formatAddress(address);
    this.#retryMs = access.retryMs ?? RETRY_MS;
    this.#connectMs = Math.min(access.connectMs ?? CONNECT_MS, this.#retryMs);
    this.#secrets = secretsOf(access);
    try {
      this.#client = new Client(clientOptions(address, access));
    } catch (error) {
      throw asStoreError(error, this.location, this.#secrets);
    }
    endWith(this.#client, this.#closing.signal);
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Asks the cluster, again and again while that may help. What `work` does must do no harm when it is done twice: an answer may
   * get lost after the cluster has done as it was told.
   * @throws StoreError
   */
  async run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const start = performance.now();
    for (let attempt = 0; ; attempt++) {
      if (this.closed) throw closedError();
      try {
        const answer = await work(this.#client);
        this.#hasAnswered = true;
        return answer;
      } catch (error) {
        if (this.closed) throw closedError();
        const pause = pauseBefore(attempt + 1);
        // A node that refuses is there.
        this.#hasAnswered ||= error instanceof errors.ResponseError;
        const patience = this.#hasAnswered ? this.#retryMs : this.#connectMs;
        if (!isPassing(error) || performance.now() + pause > start + patience) {
          throw asStoreError(error, this.location, this.#secrets);
        }
        await delay(pause, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }

  /** Requests that are under way fail with `closed`. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.#closing.abort();
    await this.#client.close();
  }
}

/** The client waits for all answers before it closes; a cluster that gives none must hold up nobody's end. */
function endWith({ transport }: Client, closing: AbortSignal): void {
  const request = transport.request.bind(transport) as (params: unknown, options: object) => Promise<unknown>;
  transport.request = (async (params: unknown, options: { readonly signal?: AbortSignal } = {}) => {
    const signals = options.signal === undefined ? [closing] : [closing, options.signal];
    return request(params, { ...options, signal: AbortSignal.any(signals) });
  }) as typeof transport.request;
}

function closedError(): StoreError {
  return new StoreError('closed', 'The store is closed.');
}

/** Twice as long each time, and never the same for two who wait. */
function pauseBefore(attempt: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
}

function clientOptions({ nodes, cloudId }: ElasticsearchAddress, access: ElasticsearchAccess): ClientOptions {
  const auth = authOf(access);
  return {
    ...(cloudId === null ? { nodes: [...nodes] } : { cloud: { id: cloudId } }),
    ...(auth !== null && { auth }),
    ...(access.ca !== undefined && { tls: { ca: access.ca } }),
    requestTimeout: access.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    maxResponseSize: LONGEST_ANSWER,
    maxCompressedResponseSize: LONGEST_ANSWER,
    maxRetries: 0,
    // Header that tells versions of client and platform.
    enableMetaHeader: false,
    name: 'fabric-ftl',
    redaction: { type: 'remove' },
  };
}

function authOf({ apiKey, user, password }: ElasticsearchAccess): NonNullable<ClientOptions['auth']> | null {
  if (apiKey !== undefined) return { apiKey };
  return user === undefined ? null : { username: user, password: password ?? '' };
}

function secretsOf({ apiKey, user, password }: ElasticsearchAccess): string[] {
  const secrets = [apiKey, password].filter((secret) => secret !== undefined && secret !== '') as string[];
  const basic = user === undefined ? [] : [Buffer.from(`${user}:${password ?? ''}`).toString('base64')];
  return [...secrets, ...basic];
}
