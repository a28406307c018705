import { printGoDuration } from '#node/channel/goDuration.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import type { Timestamp } from '#node/protos/timestamp.ts';
import { EndorserError } from './endorserError.ts';
import type { ReceivedProposal } from './unpackProposal.ts';

/** Which of Fabric's `peer.handlers.authFilters` are on. */
export interface AuthFilterOptions {
  /** ExpirationCheck; default on. */
  readonly expirationCheck?: boolean;
  /** TimeWindowCheck: how far the client's clock may be from this one, `peer.authentication.timewindow`; null: off. Default 15 minutes. */
  readonly timeWindowMs?: number | null;
}

export const DEFAULT_TIME_WINDOW_MS = 15 * 60_000;

/** What comes before a proposal is looked at in earnest (Fabric, core/handlers/auth/filter). @throws EndorserError */
export function checkAuthFilters(proposal: ReceivedProposal, options: AuthFilterOptions, now: Date): void {
  if (options.expirationCheck ?? true) {
    checkExpiration(proposal.creator, now);
  }
  const window = options.timeWindowMs === undefined ? DEFAULT_TIME_WINDOW_MS : options.timeWindowMs;
  if (window !== null) {
    checkTimeWindow(proposal.timestamp, window, now);
  }
}

/** What cannot be read as a certificate does not expire; the MSP will turn it down. @throws EndorserError `expired` */
function checkExpiration(creator: Uint8Array, now: Date): void {
  let expiresAt: Date | undefined;
  try {
    expiresAt = IdentityView.fromBytes(creator).certificate?.x509.validToDate;
  } catch (error) {
    if (!(error instanceof ProtoError)) {
      throw error;
    }
  }
  if (expiresAt !== undefined && now > expiresAt) {
    throw new EndorserError('expired', 'proposal client identity expired');
  }
}

/** @throws EndorserError `wrong_time` */
function checkTimeWindow(timestamp: Timestamp | null, windowMs: number, now: Date): void {
  const { seconds, nanos } = timestamp ?? { seconds: 0, nanos: 0 };
  const proposed = seconds * 1000 + nanos / 1e6;
  if (!(Math.abs(proposed - now.getTime()) <= windowMs)) {
    throw new EndorserError(
      'wrong_time',
      `request unauthorized due to incorrect timestamp ${rfc3339(proposed)}, peer time ${rfc3339(now.getTime())}, peer.authentication.timewindow ${printGoDuration(BigInt(Math.round(windowMs * 1e6)))}`,
    );
  }
}

/** To the second, as Go's `time.RFC3339`. */
function rfc3339(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'out of range' : `${date.toISOString().slice(0, 19)}Z`;
}
