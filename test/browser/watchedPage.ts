import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

declare const document: {
  addEventListener(type: string, told: (event: { violatedDirective: string; blockedURI: string }) => void): void;
};

/** A page in a browser context of its own that notes whatever the browser complains about. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** Script errors, warnings, violations of the content security policy, requests to other hosts. */
  readonly complaints: string[];
}

/** @param url of the only server that may be asked */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const complaints: string[] = [];
  const viewport = { width: 1440, height: 900 };
  const context = await browser.newContext({ viewport, timezoneId: 'UTC', locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(?:data|blob):/.test(request.url())) complaints.push(request.url());
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}
