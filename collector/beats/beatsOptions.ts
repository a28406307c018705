import { CollectorError } from '../errors.ts';
import type { LumberjackVersion } from './frames.ts';

/** PEM texts. */
export interface BeatsTls {
  readonly cert: string;
  readonly key: string;
  /** With it, senders must show a certificate that one of these authorities signed. */
  readonly clientCa?: string;
}

export interface BeatsListen {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Null is plain text, which whoever configures it must have said in so many words. */
  readonly tls: BeatsTls | null;
}

export interface BeatsOptions extends BeatsListen {
  /** Versions of the protocol that are spoken ([1, 2]); 1 is that of Logstash's lumberjack output. */
  readonly versions: readonly LumberjackVersion[];
  /** Most events a window (65,536). */
  readonly maxWindow: number;
  /** Longest event in bytes (32 MiB): a line of the longest kind with its fields. */
  readonly maxEventBytes: number;
  /** Longest compressed frame in bytes (256 MiB), and what it may become (2 GiB); neither is ever held as a whole. */
  readonly maxCompressedBytes: number;
  readonly maxInflatedBytes: number;
  /** Bytes of a connection's events that may wait for the store before the next are read (16 MiB). */
  readonly maxWaitingBytes: number;
  /** Bytes of events that are not whole yet, on all connections together (256 MiB); beyond, who sends a long one is disconnected. */
  readonly maxHeldBytes: number;
  readonly maxConnections: number;
  /** Between two signs of life to a sender that waits for its acknowledgement, milliseconds (5,000). */
  readonly keepAliveMs: number;
  /** After so long without a byte from a sender that waits for nothing, it is disconnected; milliseconds (5 minutes). */
  readonly idleMs: number;
  /** How long lines wait for those before them that are on another connection, milliseconds (250). */
  readonly orderMs: number;
}

export const BEATS_DEFAULTS: Omit<BeatsOptions, keyof BeatsListen> = {
  versions: [1, 2],
  maxWindow: 65_536,
  maxEventBytes: 32 * 1024 * 1024,
  maxCompressedBytes: 256 * 1024 * 1024,
  maxInflatedBytes: 2 * 1024 * 1024 * 1024,
  maxWaitingBytes: 16 * 1024 * 1024,
  maxHeldBytes: 256 * 1024 * 1024,
  maxConnections: 1000,
  keepAliveMs: 5000,
  idleMs: 300_000,
  orderMs: 250,
};

export interface BeatsAddress {
  readonly host: string;
  readonly port: number;
  readonly plaintext: boolean;
}

/**
 * `HOST:PORT` or `tls://HOST:PORT`, and for plain text `tcp://HOST:PORT`; IPv6 in brackets.
 * @throws CollectorError `bad_beats_address`
 */
export function parseBeatsAddress(text: string): BeatsAddress {
  const match = /^(?:(tls|tcp):\/\/)?(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[4]);
  if (match === null || port > 65_535) {
    throw new CollectorError(
      'bad_beats_address',
      `"${text}" is no address to take events at: give HOST:PORT (TLS), such as 0.0.0.0:5044, or tcp://HOST:PORT for plain text`,
    );
  }
  return { host: match[2] ?? match[3]!, port, plaintext: match[1] === 'tcp' };
}
