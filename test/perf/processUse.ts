import { readdirSync, readFileSync } from 'node:fs';

/** What a process has taken so far. */
export interface ProcessUse {
  /** Milliseconds of CPU, of all threads that live and of the first, in which JavaScript runs. */
  readonly cpuMs: number;
  readonly mainMs: number;
}

/** To the nanosecond, where `/proc/PID/stat` counts in steps of 10 ms; Linux alone has it. */
export function processUse(pid: number): ProcessUse {
  const threads = `/proc/${pid}/task`;
  let cpuMs = 0;
  let mainMs = 0;
  for (const thread of readdirSync(threads)) {
    const ms = Number(readFileSync(`${threads}/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    cpuMs += ms;
    mainMs = thread === String(pid) ? ms : mainMs;
  }
  return { cpuMs, mainMs };
}

/** Resident memory in megabytes. */
export function residentMb(pid: number): number {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
