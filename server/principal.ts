import type { Request, RequestHandler } from 'express';
import { ApiProblem } from './problems.ts';

/** On whose behalf a request is answered. */
export interface Principal {
  /** For the request log, and one day for what a role may see. */
  readonly name: string;
  /** An operator may also change what nodes do (log specifications); a reader, which is who has no role, may look. */
  readonly role?: 'reader' | 'operator';
}

/**
 * The seam for access control: called once for every request, before anything is looked up and after host and limits were
 * checked. Whoever may not: throw `new ApiProblem('unauthenticated')` or `new ApiProblem('forbidden')`. Handlers receive the
 * principal, so that roles can later narrow what they answer.
 */
export type Authorize = (request: Request) => Principal | Promise<Principal>;

/**
 * There are no accounts yet: who can reach a loopback address operates the server; at any other address, which others reach too,
 * everybody may look and nobody may change anything.
 */
export function everybody(loopback: boolean): Authorize {
  const principal: Principal = loopback ? { name: 'operator', role: 'operator' } : { name: 'anybody', role: 'reader' };
  return () => principal;
}

/** @throws ApiProblem `forbidden` */
export function requireOperator({ role }: Principal): void {
  if (role !== 'operator') throw new ApiProblem('forbidden', { detail: 'Only operators may change what a node does.' });
}

export function authorization(authorize: Authorize): RequestHandler {
  return async (request, response, next) => {
    response.locals['principal'] = await authorize(request);
    next();
  };
}

export function principalOf(locals: Record<string, unknown>): Principal {
  const principal = locals['principal'] as Principal | undefined;
  if (principal === undefined) throw new Error('A handler ran before authorization.');
  return principal;
}
