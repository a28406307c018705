import type { IncomingMessage, ServerResponse } from 'node:http';
import { ChannelError } from '#node/channel/channelError.ts';
import { checkChannelId } from '#node/channel/configElements.ts';
import { OrdererError, type OrdererErrorCode, textOfError } from '../ordererError.ts';
import type { ChannelInfo, Registrar } from '../registrar.ts';
import { FormError, readFormFile } from './formFile.ts';
import { readJoinBlock, readUpdateEnvelope } from './joinBlock.ts';

export interface ParticipationApiOptions {
  /** Fabric's `ChannelParticipation.Enabled`. */
  readonly enabled: boolean;
  /** Bytes; Fabric's `ChannelParticipation.MaxRequestBodySize`, 1 MB. */
  readonly maxRequestBodySize: number;
}

const BASE = '/participation/v1/';
const CHANNELS = `${BASE}channels`;

type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'channels' }
  | { readonly kind: 'channel'; readonly channelId: string }
  | { readonly kind: 'block'; readonly channelId: string; readonly blockId: string };

/** What is answered to a request: JSON, raw bytes, or nothing but a status. */
interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
}

/** Methods that each kind of path takes, as `Allow` names them. */
const ALLOWED: Readonly<Record<Route['kind'], string>> = {
  base: 'GET',
  channels: 'GET, POST, PUT',
  channel: 'GET, DELETE',
  block: 'GET',
};

/**
 * The channel participation API, which `osnadmin` speaks (Fabric, `orderer/common/channelparticipation`): list, join, update and remove
 * channels, fetch blocks.
 */
export class ParticipationApi {
  readonly #options: ParticipationApiOptions;
  readonly #registrar: Registrar;

  constructor(options: ParticipationApiOptions, registrar: Registrar) {
    this.#options = options;
    this.#registrar = registrar;
  }

  /** Answers a request. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: Reply;
    try {
      reply = await this.#reply(request);
    } catch (error) {
      reply = failed(500, textOfError(error));
    }
    send(request, response, reply);
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    if (!this.#options.enabled) {
      return failed(503, 'channel participation API is disabled');
    }
    const route = routeOf(request.url ?? '');
    const { method = 'GET' } = request;
    if (route === null) {
      return { status: 404 };
    }
    if (!ALLOWED[route.kind].split(', ').includes(method)) {
      return route.kind === 'base'
        ? { status: 405 }
        : notAllowed(`invalid request method: ${method}`, ALLOWED[route.kind]);
    }
    if (route.kind === 'base') {
      return { status: 302, headers: { Location: CHANNELS } };
    }
    const isUpload = method === 'POST' || method === 'PUT';
    const contentType = request.headers['content-type'] ?? '';
    if (isUpload && !/multipart\/form-data*/u.test(contentType)) {
      return failed(400, `unsupported Content-Type: [${contentType}]`);
    }
    if (!acceptsJson(request.headers.accept ?? '')) {
      return failed(406, 'response Content-Type is application/json only');
    }
    switch (route.kind) {
      case 'channels':
        return isUpload ? this.#upload(request, method) : this.#list();
      case 'channel':
        return method === 'DELETE' ? this.#remove(route.channelId) : this.#info(route.channelId);
      default:
        return this.#block(route.channelId, route.blockId);
    }
  }

  #list(): Reply {
    const channels = this.#registrar.list().map((name) => ({ name, url: `${CHANNELS}/${name}` }));
    return ok({ systemChannel: null, channels: channels.length === 0 ? null : channels });
  }

  #info(channelId: string): Reply {
    const bad = badChannelId(channelId);
    if (bad !== null) {
      return bad;
    }
    try {
      return ok(infoJson(this.#registrar.info(channelId)));
    } catch (error) {
      return refused(error, 404);
    }
  }

  async #block(channelId: string, blockId: string): Promise<Reply> {
    const bad = badChannelId(channelId);
    if (bad !== null) {
      return bad;
    }
    if (!/^(?:newest|oldest|config|[+-]?\d+)$/u.test(blockId)) {
      return failed(400, `invalid block ID: '${blockId}' not equal <newest|oldest|config|(number)>`);
    }
    try {
      const block = await this.#registrar.fetchBlock(channelId, blockId);
      const headers = { 'Cache-Control': 'no-store', 'Content-Type': 'application/octet-stream' };
      return { status: 200, headers, bytes: block.bytes };
    } catch (error) {
      return refused(error, 404);
    }
  }

  async #upload(request: IncomingMessage, method: string): Promise<Reply> {
    const joins = method === 'POST';
    const key = joins ? 'config-block' : 'config-update-envelope';
    let file: Uint8Array;
    try {
      file = await readFormFile(request, { key, maxBytes: this.#options.maxRequestBodySize });
    } catch (error) {
      if (error instanceof FormError) {
        return failed(400, error.message);
      }
      throw error;
    }
    return joins ? this.#join(file) : this.#update(file);
  }

  async #join(file: Uint8Array): Promise<Reply> {
    let join: ReturnType<typeof readJoinBlock>;
    try {
      join = readJoinBlock(file);
    } catch (error) {
      return refused(error, 400);
    }
    try {
      return created(await this.#registrar.join(join.channelId, join.block));
    } catch (error) {
      return refusedAs('cannot join', error, JOIN_STATUS);
    }
  }

  async #update(file: Uint8Array): Promise<Reply> {
    let update: ReturnType<typeof readUpdateEnvelope>;
    try {
      update = readUpdateEnvelope(file);
    } catch (error) {
      return refused(error, 400);
    }
    try {
      return created(await this.#registrar.update(update.channelId, update.envelope));
    } catch (error) {
      return refusedAs('cannot update', error, UPDATE_STATUS);
    }
  }

  async #remove(channelId: string): Promise<Reply> {
    const bad = badChannelId(channelId);
    if (bad !== null) {
      return bad;
    }
    try {
      await this.#registrar.remove(channelId);
      return { status: 204 };
    } catch (error) {
      return refusedAs('cannot remove', error, REMOVE_STATUS);
    }
  }
}

const JOIN_STATUS: Partial<Record<OrdererErrorCode, number>> = {
  channel_exists: 405,
  pending_removal: 409,
  removal_failed: 500,
};
const UPDATE_STATUS: Partial<Record<OrdererErrorCode, number>> = {
  channel_not_found: 405,
  not_ready: 403,
  pending_removal: 409,
  removal_failed: 500,
};
const REMOVE_STATUS: Partial<Record<OrdererErrorCode, number>> = { channel_not_found: 404, pending_removal: 409 };

/** Null for a path that is none of the API's. */
function routeOf(url: string): Route | null {
  const [path = ''] = url.split('?');
  if (path === BASE) {
    return { kind: 'base' };
  }
  if (path === CHANNELS) {
    return { kind: 'channels' };
  }
  const [, id, blockId] = /^\/participation\/v1\/channels\/([^/]+)(?:\/blocks\/([^/]+))?$/u.exec(path) ?? [];
  if (id === undefined) {
    return null;
  }
  const channelId = decoded(id);
  return blockId === undefined
    ? { kind: 'channel', channelId }
    : { kind: 'block', channelId, blockId: decoded(blockId) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function acceptsJson(accept: string): boolean {
  return (
    accept === '' ||
    accept
      .split(',')
      .some((one) => one.includes('application/json') || one.includes('application/*') || one.includes('*/*'))
  );
}

function badChannelId(channelId: string): Reply | null {
  try {
    checkChannelId(channelId);
    return null;
  } catch (error) {
    if (error instanceof ChannelError) {
      return failed(400, `invalid channel ID: '${channelId.slice(0, 300)}' contains illegal characters`);
    }
    throw error;
  }
}

function infoJson({ name, consensusRelation, status, height }: ChannelInfo): Record<string, unknown> {
  return { name, url: `${CHANNELS}/${name}`, consensusRelation, status, height };
}

function ok(json: unknown): Reply {
  return { status: 200, headers: { 'Cache-Control': 'no-store' }, json };
}

function created(info: ChannelInfo): Reply {
  return { status: 201, headers: { Location: `${CHANNELS}/${info.name}` }, json: infoJson(info) };
}

function failed(status: number, error: string): Reply {
  return { status, json: { error } };
}

function notAllowed(error: string, allow: string): Reply {
  return { status: 405, headers: { Allow: allow }, json: { error } };
}

function refused(error: unknown, status: number): Reply {
  if (error instanceof OrdererError) {
    return failed(status, error.message);
  }
  throw error;
}

function refusedAs(context: string, error: unknown, statuses: Partial<Record<OrdererErrorCode, number>>): Reply {
  if (!(error instanceof OrdererError)) {
    throw error;
  }
  const status = statuses[error.code] ?? 400;
  const text = `${context}: ${error.message}`;
  return error.code === 'channel_exists' ? notAllowed(text, ALLOWED.channel) : failed(status, text);
}

/** As Go's encoder writes it: with a line's end, and nothing that a browser takes for markup. */
function goJson(value: unknown): string {
  const escaped = JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, json, bytes }: Reply): void {
  for (const [name, value] of Object.entries(headers ?? {})) {
    response.setHeader(name, value);
  }
  // What is left of a body that was not read would be taken for the next request.
  if (!request.complete) {
    response.setHeader('Connection', 'close');
  }
  response.statusCode = status;
  if (json === undefined) {
    response.end(bytes);
    return;
  }
  response.setHeader('Content-Type', 'application/json');
  response.end(goJson(json));
}
