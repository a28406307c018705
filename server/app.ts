import compression from 'compression';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Logger } from 'pino';
import { mountOperations } from './api/mount.ts';
import type { ApiContext } from './api/operation.ts';
import { OPERATIONS } from './api/operations.ts';
import { hostCheck, isLoopback } from './middleware/hostCheck.ts';
import { concurrencyLimit, requestLimits } from './middleware/requestLimits.ts';
import { requestLog } from './middleware/requestLog.ts';
import { securityHeaders } from './middleware/securityHeaders.ts';
import { webPage } from './page/webPage.ts';
import { authorization, everybody } from './principal.ts';
import { ApiProblem, asProblem, sendProblem } from './problems.ts';

const LIVE = /^\/api\/v1\/live\/?$/;

/**
 * What happens to a request, top to bottom.
 *
 * @param bound address that the server listens at, for the host check
 */
export function buildApp(bound: string, context: ApiContext): Express {
  const { limits, logger, metrics, options } = context;
  const app = express();
  app.disable('x-powered-by');
  // Answers that may be kept carry their own ETag, the others none.
  app.disable('etag');
  app.set('query parser', 'simple');

  app.use(requestLog(logger, metrics));
  app.use(securityHeaders());
  app.use(hostCheck(bound, options.allowedHosts ?? [], metrics));
  app.use(requestLimits(limits, metrics));
  app.use(authorization(options.authorize ?? everybody(isLoopback(bound))));
  app.use(
    compression({
      filter: (request, response) => !LIVE.test(request.url ?? '') && compression.filter(request, response),
    }),
  );

  const limited = concurrencyLimit(limits, metrics);
  app.use('/api', (request, response, next) => {
    // Streams stay open; they have a limit of their own.
    if (LIVE.test(request.baseUrl + request.path)) next();
    else limited(request, response, next);
  });
  mountOperations(app, OPERATIONS, context);
  app.use('/api', () => {
    throw new ApiProblem('not_found', { detail: 'What there is stands at /api/docs.' });
  });
  app.use(webPage(options.webRoot));

  app.use(answerProblem(logger));
  return app;
}

/** The last step of whatever failed: told to the caller as a problem, and to the log with its cause where it is ours. */
function answerProblem(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const problem = asProblem(error);
    response.locals['problem'] = problem.code;
    if (problem.status >= 500 && problem.details.cause !== undefined) {
      logger.error(
        { err: problem.details.cause, 'http.request.id': response.locals['requestId'] as string },
        'request failed',
      );
    }
    // Half an answer cannot be taken back: cutting the connection tells the caller that it is not whole.
    if (response.headersSent) response.destroy();
    else sendProblem(response, problem);
  };
}
