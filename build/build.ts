import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Makes the publishable package in `dist/`: the sources with their types taken out, the browser's bundle, the recording
 * that `ftl start` plays, and a package.json without development parts. No runtime is dragged in: the published package
 * asks for Node by `engines` alone.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** Tests and what only tests use. */
const TEST_AIDS =
  /\.test\.ts$|\.compliance\.ts$|\/(conformance|testing|test)\/|\/(conformance|test[A-Z]\w*|appendingChild|exampleNetwork)\.ts$/;
const ROOMS = ['cli', 'config', 'trace', 'node', 'collector', 'server'];

for (const room of [...ROOMS, 'bin', 'recording', 'pictures'])
  rmSync(join(dist, room), { recursive: true, force: true });

const sources = ['cli.ts', ...globSync(`{${ROOMS.join(',')}}/**/*.ts`, { cwd: root })].filter(
  (path) => !TEST_AIDS.test(path),
);
for (const path of sources) {
  const target = join(dist, path.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  const javascript = stripTypeScriptTypes(readFileSync(join(root, path), 'utf8'), { mode: 'strip' });
  writeFileSync(
    target,
    javascript.replaceAll(/((?:from|import|new URL)\s*\(?\s*['"](?:\.{1,2}\/|#)[^'"]+)\.ts(['"])/g, '$1.js$2'),
  );
}

mkdirSync(join(dist, 'bin'), { recursive: true });
copyFileSync(join(root, 'bin/ftl.js'), join(dist, 'bin/ftl.js'));
chmodSync(join(dist, 'bin/ftl.js'), 0o755);
for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) {
  if (existsSync(join(root, file))) copyFileSync(join(root, file), join(dist, file));
}
cpSync(join(root, 'test/vectors/fabric-v3.1.5'), join(dist, 'recording'), { recursive: true });
// The chaincode of the local network: JavaScript as it is, with a package.json of its own.
cpSync(join(root, 'node/network/sample'), join(dist, 'node/network/sample'), { recursive: true });

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** The folder's place in the checkout, and its commit; neither where git is not there. */
const [place, head] =
  spawnSync('git', ['rev-parse', '--show-prefix', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout?.split('\n') ?? [];
const published = {
  name: manifest.name,
  version: manifest.version,
  description: manifest.description,
  license: manifest.license,
  // Not that of a checkout which only holds this one's files.
  ...(place === '' && head && { gitHead: head }),
  type: manifest.type,
  bin: manifest.bin,
  imports: Object.fromEntries(
    Object.entries(manifest.imports as Record<string, string>).filter(([alias]) => alias !== '#test/*'),
  ),
  engines: manifest.engines,
  dependencies: manifest.dependencies,
};
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);

const web = spawnSync(process.execPath, [join(root, 'build/web.ts'), '--if-stale'], { stdio: 'inherit' });
if (web.status !== 0) process.exit(web.status ?? 1);
process.stdout.write(
  `dist/ holds fabric-ftl ${manifest.version}: ${sources.length} modules and the page. \`npm publish ./dist\` publishes it.\n`,
);
