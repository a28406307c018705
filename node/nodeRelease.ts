import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly gitHead?: string;
};

/** What nodes say they are: the release of Fabric whose rules they follow, and ours. */
export const NODE_RELEASE = `ftl-${manifest.version} (Fabric 3.1)`;
/** The commit that a published package was made of; of a checkout, what Fabric says of its own. */
export const NODE_COMMIT = manifest.gitHead ?? 'development build';
