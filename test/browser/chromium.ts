import { existsSync } from 'node:fs';
import bundled from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

const SYSTEM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Nothing but what the test asks for: no GPU, no first-run pages, no traffic of the browser's own. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The browser's binary: `CHROMIUM_PATH`, else the system's, else the one that the package @sparticuz/chromium carries. */
export async function chromiumPath(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const asked = environment['CHROMIUM_PATH'];
  if (asked !== undefined && asked !== '') {
    if (!existsSync(asked)) throw new Error(`CHROMIUM_PATH names ${asked}, which is not there.`);
    return asked;
  }
  return SYSTEM.find((path) => existsSync(path)) ?? (await bundled.executablePath());
}

/** A real Chromium with an empty profile of its own. Says what to install where the system lacks libraries that it needs. */
export async function launchChromium(environment: NodeJS.ProcessEnv = process.env): Promise<Browser> {
  const executablePath = await chromiumPath(environment);
  try {
    // Each launch gets a new, empty user-data-dir, which is removed with it.
    return await chromium.launch({ executablePath, args: FLAGS });
  } catch (cause) {
    throw new Error(launchProblem(executablePath, String(cause)), { cause });
  }
}

/** What a person can do about a browser that does not start. */
export function launchProblem(path: string, output: string): string {
  const library = /error while loading shared libraries: (\S+?):/.exec(output)?.[1];
  if (library !== undefined) {
    return [
      `${path} does not start: the system library ${library} is missing. Install a whole Chromium,`,
      '  apt-get install -y chromium        (Debian, Ubuntu; Fedora: dnf install chromium; Alpine: apk add chromium)',
      'or only what the bundled one needs,',
      '  apt-get install -y libnss3 libnspr4 libexpat1 libdbus-1-3 fonts-dejavu-core',
      'or let CHROMIUM_PATH name a Chromium that runs here.',
    ].join('\n');
  }
  return `${path} does not start. Let CHROMIUM_PATH name a Chromium that runs here. It said:\n${output}`;
}
