import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** Release of FTL, from its package.json. */
export const FTL_VERSION: string = manifest.version;
