import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { readOnly } from '../api/mount.ts';
import { ApiProblem } from '../problems.ts';
import { plainPage } from './html.ts';

const YEAR_SECONDS = 365 * 24 * 3600;
/** As Vite names what it builds: `assets/index-BdQ3k9xZ.js`. Another content has another name. */
const HASHED = /[/\\]assets[/\\][^/\\]+-[\w-]{8,}\.\w+$/;

/**
 * The built page, on every address that is no part of the API. Page addresses (`/traces/…`) all get `index.html`, whose script
 * reads the address; files that do not exist are 404, so that a stale page fails clearly.
 *
 * @param webRoot folder of the bundle; looked at on each request, so that a build made later is served without a restart
 */
export function webPage(webRoot: string | undefined): RequestHandler {
  const router = Router();
  const root = webRoot === undefined ? null : resolve(webRoot);
  router.use((request, response, next) => {
    response.locals['route'] = 'page';
    if (request.method === 'GET' || request.method === 'HEAD') next();
    else void readOnly(request, response, next);
  });
  if (root !== null) {
    router.use(
      express.static(root, {
        index: false,
        redirect: false,
        setHeaders(response, path) {
          response.setHeader(
            'Cache-Control',
            HASHED.test(path) ? `public, max-age=${YEAR_SECONDS}, immutable` : 'public, no-cache',
          );
        },
      }),
    );
  }
  router.use((request, response, next) => {
    if (!isPageAddress(request)) throw new ApiProblem('not_found');
    if (root === null || !existsSync(join(root, 'index.html'))) return notBuilt(response);
    response.setHeader('Cache-Control', 'public, no-cache');
    response.sendFile('index.html', { root, cacheControl: false }, (error) => {
      if (error && !response.headersSent) next(error);
    });
  });
  return router;
}

/** Whatever a browser navigates to; IDs of nodes have dots, so a dot alone does not make a file. */
function isPageAddress(request: Request): boolean {
  if (request.path.startsWith('/assets/')) return false;
  const lastPart = request.path.slice(request.path.lastIndexOf('/') + 1);
  return (request.get('Accept') ?? '').includes('text/html') || !lastPart.includes('.');
}

function notBuilt(response: Response): void {
  response.status(503).set('Cache-Control', 'no-store').type('html').send(NOT_BUILT);
}

const NOT_BUILT = plainPage(
  'FTL: the page is not built',
  `<main><h1>The page is not built yet</h1>
<p>The server runs and the API answers, but the page's files are not there. Build them in the project's folder, then load this address again; the server need not be restarted if it was started with the folder of the page:</p>
<pre>npm ci
npm run build:web
npm start</pre>
<p>Until then: <a href="/api/docs">the API</a>, <a href="/healthz">the health of the server</a>.</p></main>`,
);
