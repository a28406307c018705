import { createHash } from 'node:crypto';
import { type Express, type Request, type RequestHandler, type Response, Router } from 'express';
import type { z } from 'zod';
import { principalOf } from '../principal.ts';
import { ApiProblem } from '../problems.ts';
import { type ApiContext, methodOf, type Operation, type Reply } from './operation.ts';
import { readJson } from './requestBody.ts';

/** OpenAPI's `{name}` as Express writes it. */
export function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

/** Puts the operations on the application, each with its validation, its answer and a 405 for other methods. */
export function mountOperations(app: Express, operations: readonly Operation[], context: ApiContext): void {
  const router = Router({ caseSensitive: true });
  for (const [path, here] of Map.groupBy(operations, (operation) => operation.path)) {
    const route = router.route(expressPath(path));
    for (const operation of here) route[methodOf(operation)](handlerOf(operation, context));
    route.all(refuseMethods(allowed(here)));
  }
  app.use(router);
}

function allowed(operations: readonly Operation[]): string {
  const methods = operations.map((operation) => methodOf(operation).toUpperCase());
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
}

/** @param possible as the header `Allow` lists them */
function refuseMethods(possible: string): RequestHandler {
  return (request) => {
    throw new ApiProblem('method_not_allowed', {
      detail: `${request.method.slice(0, 16)} is not possible here.`,
      headers: { Allow: possible },
    });
  };
}

export const readOnly = refuseMethods('GET, HEAD');

function handlerOf(operation: Operation, context: ApiContext): RequestHandler {
  return async (request, response) => {
    response.locals['route'] = operation.path;
    const input = {
      params: parse(operation.params, request.params, 'path'),
      query: parse(operation.query, request.query, 'query'),
      body:
        operation.kind === 'json' && operation.body !== undefined
          ? parse(operation.body.schema, await readJson(request), 'body')
          : undefined,
      request,
      principal: principalOf(response.locals),
    };
    if (operation.kind === 'raw') await operation.handle(input, context, response);
    else sendJson(request, response, await operation.handle(input, context));
  };
}

/** @throws ApiProblem `invalid_request` that names each parameter and what is wrong with it */
function parse(schema: z.ZodType, value: object, where: 'path' | 'query' | 'body'): unknown {
  // `block=` would be read as block 0.
  const empty = Object.entries(value).filter(([, text]) => text === '');
  const issues = empty.map(([name]) => ({ path: name, message: 'is given but empty' }));
  const result = schema.safeParse(value);
  for (const issue of result.error?.issues ?? []) {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.')];
    for (const name of names) {
      if (issues.length < 20 && !empty.some(([other]) => other === name)) {
        issues.push({ path: name.slice(0, 128), message: issue.message.slice(0, 256) });
      }
    }
  }
  if (issues.length > 0 || !result.success) {
    throw new ApiProblem('invalid_request', {
      detail: `${issues
        .map((issue) => `${issue.path}: ${issue.message}`)
        .join('; ')
        .slice(0, 512)} (${where})`,
      issues,
    });
  }
  return result.data;
}

function sendJson(request: Request, response: Response, reply: Reply<unknown>): void {
  const text = JSON.stringify(reply.body);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.status(reply.status ?? 200);
  if (reply.cache === 'revalidate') {
    sendRevalidated(request, response, text);
  } else {
    response.setHeader('Cache-Control', 'no-store');
    response.send(text);
  }
}

/**
 * Lets a caller keep the answer and ask again with its ETag; weak, since the same content goes out compressed and not. The
 * comparison is made here, as Express answers in full where a request also says `Cache-Control: no-cache`, which `fetch` adds
 * by itself to every request with `If-None-Match`.
 */
export function sendRevalidated(request: Request, response: Response, content: string): void {
  const etag = `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`;
  response.setHeader('Cache-Control', 'private, no-cache');
  response.setHeader('ETag', etag);
  if (matches(request.headers['if-none-match'], etag)) response.status(304).end();
  else response.send(content);
}

/** RFC 9110, 13.1.2: weak comparison, any of a list, or `*`. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === opaque);
}
