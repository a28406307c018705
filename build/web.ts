import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = `${root}dist/web/index.html`;

/** Whether the bundle is missing or older than any of its sources. */
function isStale(): boolean {
  if (!existsSync(bundle)) return true;
  const built = statSync(bundle).mtimeMs;
  const sources = [
    ...globSync(`${root}web/**/*.{ts,tsx,css,html}`),
    ...globSync(`${root}docs/runbooks/*.md`),
    `${root}package-lock.json`,
  ];
  return sources.some((path) => !path.endsWith('.test.ts') && statSync(path).mtimeMs > built);
}

/** Builds the browser's bundle into `dist/web`; with `--if-stale` only when it is needed. */
if (!process.argv.includes('--if-stale') || isStale()) {
  process.stdout.write('Building the page (about 20 seconds, only after changes) …\n');
  const { status } = spawnSync(
    process.execPath,
    [`${root}node_modules/vite/bin/vite.js`, 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn'],
    { cwd: root, stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
}
