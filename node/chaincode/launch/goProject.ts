import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';
import { exists, lend, unpack } from './buildFolder.ts';
import type { Launchable } from './launchable.ts';
import { programIn } from './program.ts';
import { type ProgramOptions, runBuild } from './runBuild.ts';

const PROGRAM = 'chaincode';

/** Compiles a module, its vendored dependencies where it brings them. @throws ChaincodeError `build_failed`, `bad_package` */
export async function buildGoProject(
  code: Uint8Array,
  importPath: string,
  scratch: string,
  options: ProgramOptions,
): Promise<true> {
  const source = join(scratch, 'code', 'src');
  await unpack(code, join(scratch, 'code'));
  const output = join(scratch, 'bld');
  await mkdir(output, { mode: 0o755 });
  if (!(await exists(join(source, 'go.mod')))) {
    throw new ChaincodeError('build_failed', 'chaincode of type golang has to be a module (no go.mod found in src)');
  }
  const vendored = (await exists(join(source, 'vendor'))) ? ['-mod=vendor'] : [];
  const target = importPath === '' ? '.' : importPath;
  try {
    const build = ['build', ...vendored, '-o', join(output, PROGRAM), target];
    await lend(scratch, options.user, () => runBuild('go', build, source, scratch, options));
    return true;
  } catch (cause) {
    if (cause instanceof ChaincodeError && messageOf(cause).includes('ENOENT')) {
      throw new ChaincodeError(
        'build_failed',
        'this peer has no Go toolchain to build chaincode of type golang with: run it as a service, or name an external builder',
        { cause },
      );
    }
    throw cause;
  }
}

export function goProgram(folder: string, packageId: string, options: Omit<ProgramOptions, 'signal'>): Launchable {
  const cwd = join(folder, 'bld');
  return programIn(folder, packageId, options, ({ address }) => ({
    command: join(cwd, PROGRAM),
    args: [`-peer.address=${address}`],
    cwd,
  }));
}
