import { ChaincodeError, messageOf } from '../chaincodeError.ts';
import { ChildSession, type ProcessUser } from './childSession.ts';
import { buildEnvironment, type Environment } from './environment.ts';

/** How programs of the peer are run. */
export interface ProgramOptions {
  /** The peer's own, of which little is passed on. */
  readonly environment: Environment;
  readonly user: ProcessUser | null;
  /** For builds. */
  readonly signal: AbortSignal;
}

/** Runs one command of a build to its end. @throws ChaincodeError `build_failed` with the last lines that it printed */
export async function runBuild(
  command: string,
  args: readonly string[],
  cwd: string,
  home: string,
  { environment, user, signal }: ProgramOptions,
): Promise<void> {
  const what = [command, ...args].join(' ');
  let session: ChildSession;
  try {
    session = await ChildSession.start({
      command,
      args,
      cwd,
      environment: { ...buildEnvironment(environment), HOME: home },
      user,
    });
  } catch (cause) {
    throw new ChaincodeError('build_failed', messageOf(cause), { cause });
  }
  const onAbort = (): void => void session.stop();
  signal.addEventListener('abort', onAbort, { once: true });
  const code = await session.exited;
  signal.removeEventListener('abort', onAbort);
  if (signal.aborted) {
    throw new ChaincodeError('build_failed', `${what} took too long:\n${session.tail}`);
  }
  if (code !== 0) {
    throw new ChaincodeError('build_failed', `${what} ended with ${code}:\n${session.tail}`);
  }
}
