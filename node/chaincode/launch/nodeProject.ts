import { readFile, realpath } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';
import { exists, lend, unpack } from './buildFolder.ts';
import { LISTENER_NAME } from './chaincodeCertificates.ts';
import type { Launchable, PeerConnection } from './launchable.ts';
import { linkOwnLibraries } from './ownLibraries.ts';
import { programIn } from './program.ts';
import { type ProgramOptions, runBuild } from './runBuild.ts';

interface NodePackage {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly start: string;
}

/** Unpacks a project and gets what it depends on. @throws ChaincodeError `build_failed`, `bad_package` */
export async function buildNodeProject(code: Uint8Array, scratch: string, options: ProgramOptions): Promise<true> {
  await unpack(code, join(scratch, 'code'));
  const project = await projectIn(scratch);
  const { dependencies } = await readPackage(project);
  if (await exists(join(project, 'node_modules'))) {
    return true;
  }
  if (await linkOwnLibraries(project, dependencies)) {
    return true;
  }
  const install = ['install', '--omit=dev', '--no-audit', '--no-fund'];
  await lend(scratch, options.user, () => runBuild('npm', install, project, scratch, options));
  return true;
}

/** Whether a build can still be started: what it is linked to may have moved. */
export function isNodeProjectWhole(folder: string): Promise<boolean> {
  return nodeProjectNeeds(folder).then(
    () => true,
    () => false,
  );
}

/** What a build needs outside its folder. */
export async function nodeProjectNeeds(folder: string): Promise<readonly string[]> {
  return [process.execPath, await realpath(join(await projectIn(folder), 'node_modules', 'fabric-shim'))];
}

export function nodeProgram(folder: string, packageId: string, options: Omit<ProgramOptions, 'signal'>): Launchable {
  return programIn(folder, packageId, options, async (connection) => {
    const project = await projectIn(folder);
    const { start } = await readPackage(project);
    const [command, args] = startCommand(start, project);
    return {
      command,
      args: [...args, '--peer.address', connection.address, ...nameOverride(connection)],
      cwd: project,
    };
  });
}

/**
 * Newer releases of Node take no IP address for the name of a TLS server, and gRPC for Node gives it one: it is told a name that the
 * certificate has, too.
 */
function nameOverride({ address, tls }: PeerConnection): readonly string[] {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  return tls !== null && isIP(host) !== 0 ? ['--ssl-target-name-override', LISTENER_NAME] : [];
}

/** As `npm start` would; what needs no shell is started without it, and without npm. */
function startCommand(script: string, project: string): readonly [string, readonly string[]] {
  const words = script.trim().split(/\s+/);
  const [first, ...rest] = words;
  if (!/[^\w\s./@:=-]/.test(script)) {
    if (first === 'node') {
      return [process.execPath, rest];
    }
    if (first === 'fabric-chaincode-node') {
      return [process.execPath, [join(project, 'node_modules', '.bin', first), ...rest]];
    }
  }
  return ['npm', ['start', '--']];
}

/** `src/`, as Fabric packs it; the archive's top for packages that other tools made. */
async function projectIn(folder: string): Promise<string> {
  for (const project of [join(folder, 'code', 'src'), join(folder, 'code')]) {
    if (await exists(join(project, 'package.json'))) {
      return project;
    }
  }
  throw new ChaincodeError('bad_package', 'no package.json found at the root of the chaincode package');
}

async function readPackage(project: string): Promise<NodePackage> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));
  } catch (cause) {
    throw new ChaincodeError('bad_package', `package.json of the chaincode: ${messageOf(cause)}`, { cause });
  }
  const { dependencies = {}, scripts = {} } = (parsed ?? {}) as {
    dependencies?: Record<string, string>;
    scripts?: Record<string, string>;
  };
  return { dependencies, start: scripts['start'] ?? 'node server.js' };
}
