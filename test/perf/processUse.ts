import { readdirSync, readFileSync } from 'node:fs';

/** Threads of a Node process by what they do: JavaScript, V8's helpers (garbage, compiling), our own workers, libuv's pool, others. */
export const THREADS = ['main', 'v8', 'workers', 'libuv', 'others'] as const;
/** Milliseconds of CPU so far, of threads that live. */
export type ProcessUse = Readonly<Record<(typeof THREADS)[number], number>>;

const NAMES: Readonly<Record<string, keyof ProcessUse>> = {
  'node-V8Worker': 'v8',
  WorkerThread: 'workers',
  'libuv-worker': 'libuv',
};

/** To the nanosecond, where `/proc/PID/stat` counts in steps of 10 ms; Linux alone has it. */
export function processUse(pid: number): ProcessUse {
  const threads = `/proc/${pid}/task`;
  const use = { main: 0, v8: 0, workers: 0, libuv: 0, others: 0 };
  for (const thread of readdirSync(threads)) {
    const ms = Number(readFileSync(`${threads}/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    const name = readFileSync(`${threads}/${thread}/comm`, 'utf8').trim();
    use[thread === String(pid) ? 'main' : (NAMES[name] ?? 'others')] += ms;
  }
  return use;
}

/** Of all its threads. */
export function totalOf(use: ProcessUse): number {
  return THREADS.reduce((sum, kind) => sum + use[kind], 0);
}

/** Resident memory in megabytes. */
export function residentMb(pid: number): number {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
