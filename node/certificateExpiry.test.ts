import { expect, it, vi } from 'vitest';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';
import { trackExpiry } from './certificateExpiry.ts';

it('tells when certificates expire, and warns in the last week, each day', () => {
  vi.useFakeTimers();
  try {
    const made = new Date('2030-01-01T00:00:00Z');
    const { certificatePem } = issueTls(issueAuthority('tlsca', 'org1', made), 'peer0', ['localhost'], made);
    const lines: string[] = [];
    const log = {
      debug() {},
      info: (_: object, message: string) => void lines.push(`info: ${message}`),
      warn: (_: object, message: string) => void lines.push(`warn: ${message}`),
      error() {},
    };
    let now = made.getTime();
    const stop = trackExpiry([{ role: 'server TLS', certificate: certificatePem }], log, () => now);
    expect(lines.splice(0)).toEqual(['info: the server TLS certificate will expire']);
    const day = 24 * 3600 * 1000;
    vi.advanceTimersByTime(day);
    expect(lines).toEqual([]);
    // Certificates of networks live for ten years.
    while (lines.length === 0) {
      now += day;
      vi.advanceTimersByTime(day);
    }
    expect(lines.splice(0)).toEqual([
      expect.stringMatching(/^warn: the server TLS certificate expires within 6 days and \d+ hours$/),
    ]);
    now += 8 * day;
    vi.advanceTimersByTime(day);
    expect(lines.splice(0)).toEqual(['warn: the server TLS certificate has expired']);
    stop();
    vi.advanceTimersByTime(2 * day);
    expect(lines).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});
