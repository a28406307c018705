import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Indexes among the fields after a process's name, in proc(5). */
const THREADS = 17;
const START_TIME = 19;

/**
 * What tells a process from another one that has the same number later: when it began. Null where there is no such process.
 */
export async function processIdentity(pid: number): Promise<string | null> {
  return process.platform === 'linux' ? linuxIdentity(pid) : otherIdentity(pid);
}

function linuxIdentity(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // One that has ended, and that nobody has asked about yet. While threads of it are left, so are its files and ports.
    if (fields[0] === 'Z' && Number(fields[THREADS]) <= 1) {
      return null;
    }
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${fields[START_TIME]}`;
  } catch {
    return null;
  }
}

async function otherIdentity(pid: number): Promise<string | null> {
  const { program, args } =
    process.platform === 'win32'
      ? { program: 'powershell', args: ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.Ticks`] }
      : { program: 'ps', args: ['-o', 'lstart=', '-p', String(pid)] };
  try {
    const { stdout } = await run(program, args);
    return stdout.trim() || null;
  } catch {
    return null;
  }
}
