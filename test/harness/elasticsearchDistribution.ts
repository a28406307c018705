import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** The genuine minimal distribution, as Maven Central has it. */
export const ELASTICSEARCH_VERSION = '9.5.3';
const ARTIFACT = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${ELASTICSEARCH_VERSION}:zip`;
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
const OLDEST_JAVA = 21;
const LIMIT_MS = 600_000;

const run = promisify(execFile);

/** Where to get what the suite runs against, or why it cannot: a cluster's URL, or a JDK to start one with. */
export type ElasticsearchPlace =
  | { readonly url: string }
  | { readonly javaHome: string }
  | { readonly notThere: string };

/** Looks and starts nothing: ELASTICSEARCH_URL, else a JDK, and the distribution in the cache or Maven to get it with. */
export function elasticsearchPlace(): ElasticsearchPlace {
  const url = process.env['ELASTICSEARCH_URL'] ?? '';
  if (url !== '') return { url };
  return startablePlace();
}

/** As `elasticsearchPlace`, for tests that need a node of their own whatever ELASTICSEARCH_URL says. */
export function startablePlace(): { readonly javaHome: string } | { readonly notThere: string } {
  const javaHome = findJdk();
  if (javaHome === null) {
    return {
      notThere: `no JDK ${OLDEST_JAVA} or newer (JAVA_HOME, PATH, /usr/lib/jvm), and ELASTICSEARCH_URL is not set`,
    };
  }
  if (!existsSync(homeIn(cacheFolder())) && !existsSync(zipIn(cacheFolder())) && onPath('mvn') === null) {
    return { notThere: 'no Maven (mvn in PATH) to get the distribution with, and ELASTICSEARCH_URL is not set' };
  }
  return { javaHome };
}

/**
 * The folder of the unpacked distribution, got and unpacked now if need be. Several processes may do so at once: each works in a
 * folder of its own, and what is done is put in place in one step.
 */
export async function elasticsearchHome(javaHome: string): Promise<string> {
  const cache = cacheFolder();
  const home = homeIn(cache);
  if (existsSync(home)) return home;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'making-'));
  try {
    if (!existsSync(zipIn(cache))) {
      await run(
        'mvn',
        [
          '--batch-mode',
          '--quiet',
          '--strict-checksums',
          DEPENDENCY_PLUGIN,
          `-Dartifact=${ARTIFACT}`,
          `-DoutputDirectory=${work}`,
        ],
        { timeout: LIMIT_MS },
      );
      await rename(zipIn(work), zipIn(cache));
    }
    await run(join(javaHome, 'bin', 'jar'), ['--extract', '--file', zipIn(cache)], { cwd: work, timeout: LIMIT_MS });
    const unpacked = homeIn(work);
    // `jar` keeps no permissions, and the server may run as another user than who unpacks.
    for (const name of await readdir(join(unpacked, 'bin'))) await chmod(join(unpacked, 'bin', name), 0o755);
    await rename(unpacked, home).catch((error: NodeJS.ErrnoException) => {
      // Another process was first.
      if (!existsSync(home)) throw error;
    });
    return home;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** FTL_CACHE, else the user's folder for such things; the system's for root, as the server must run as somebody else. */
function cacheFolder(): string {
  const asked = process.env['FTL_CACHE'] ?? '';
  if (asked !== '') return asked;
  if (process.getuid?.() === 0) return '/var/cache/fabric-ftl';
  const user = process.env['XDG_CACHE_HOME'] ?? '';
  return join(user === '' ? join(homedir(), '.cache') : user, 'fabric-ftl');
}

const zipIn = (folder: string) => join(folder, `elasticsearch-${ELASTICSEARCH_VERSION}.zip`);
const homeIn = (folder: string) => join(folder, `elasticsearch-${ELASTICSEARCH_VERSION}`);

function findJdk(): string | null {
  const java = onPath('java');
  const homes = [
    process.env['ES_JAVA_HOME'] ?? '',
    process.env['JAVA_HOME'] ?? '',
    java === null ? '' : dirname(dirname(realpathSync(java))),
    ...(existsSync('/usr/lib/jvm') ? readdirSync('/usr/lib/jvm').toSorted() : []).map((name) =>
      join('/usr/lib/jvm', name),
    ),
  ];
  return (
    homes.find((home) => home !== '' && existsSync(join(home, 'bin', 'jar')) && javaVersion(home) >= OLDEST_JAVA) ??
    null
  );
}

/** By the `release` file that every JDK has; 0 without. */
function javaVersion(home: string): number {
  try {
    return Number(/^JAVA_VERSION="(\d+)/m.exec(readFileSync(join(home, 'release'), 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function onPath(program: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}
