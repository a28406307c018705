import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads one line, or sees its parent gone, however that came to its end. Then it kills a process group; of a virtual machine of Java's
 * that is killed a file stays in /tmp, wherever it was told to put such things. Without a word it removes the folder as well.
 */
const SCRIPT = `
read -r word
pids=$(pgrep -g "$0" 2>/dev/null)
kill -KILL -- "-$0" 2>/dev/null
for look in {1..500}; do kill -0 -- "-$0" 2>/dev/null || break; sleep 0.02; done
for pid in $pids; do rm -f "/tmp/.java_pid$pid"; done
[ "$word" = keep ] || rm -rf "$1"
`;

/** Sees to it that a process group that works in a temporary folder does not outlive this process. */
export class OrphanGuard {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  /** @param group the process ID of its leader */
  constructor(group: number, folder: string) {
    // In a group of its own: what ends this process, or stops the other group, must not reach it.
    this.#child = spawn('bash', ['-c', SCRIPT, String(group), folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#child.once('exit', () => resolve());
    this.#child.once('error', reject);
    this.#ended = promise;
  }

  /** Kills the group with SIGKILL; the folder stays. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.stdin?.end('keep\n');
    await this.#ended;
  }
}
