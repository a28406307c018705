import { type Logger, pino } from 'pino';

/** FTL's own log: JSON lines on standard error, so that standard output stays for what a command answers. */
export function createLogger(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }));
}
