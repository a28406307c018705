import type { Request, RequestHandler } from 'express';

/** On whose behalf a request is answered. */
export interface Principal {
  /** For the request log, and one day for what a role may see. */
  readonly name: string;
}

/**
 * The seam for access control: called once for every request, before anything is looked up and after host and limits were
 * checked. Whoever may not: throw `new ApiProblem('unauthenticated')` or `new ApiProblem('forbidden')`. Handlers receive the
 * principal, so that roles can later narrow what they answer.
 */
export type Authorize = (request: Request) => Principal | Promise<Principal>;

/** There are no accounts yet: who can reach the address (loopback unless told otherwise) operates the server. */
export const everybodyIsOperator: Authorize = () => ({ name: 'operator' });

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
