import { StateError } from './stateError.ts';

/** Where something was written: block number and position of the transaction in it. */
export interface Height {
  readonly block: number;
  readonly tx: number;
}

/** Negative, zero or positive, as `first` is below, at or above `second`. */
export function compareHeights(first: Height, second: Height): number {
  return first.block - second.block || first.tx - second.tx;
}

/** Fabric's `version.AreSame`: both absent, or both the same. */
export function sameHeight(first: Height | null, second: Height | null): boolean {
  if (first === null || second === null) {
    return first === second;
  }
  return first.block === second.block && first.tx === second.tx;
}

/**
 * Fabric's order-preserving number: a byte with the count of the bytes that follow, then those, most significant first and
 * without leading zeros (common/ledger/util, `EncodeOrderPreservingVarUint64`).
 */
export function appendOrderedNumber(to: number[], value: number): void {
  let size = 0;
  for (let rest = value; rest >= 1; rest = Math.floor(rest / 256)) {
    size++;
  }
  to.push(size);
  for (let at = size - 1; at >= 0; at--) {
    to.push(Math.floor(value / 256 ** at) % 256);
  }
}

/** A height as Fabric stores it, and as it enters the commit hash: two order-preserving numbers. */
export function encodeHeight(height: Height): Uint8Array {
  const bytes: number[] = [];
  appendOrderedNumber(bytes, height.block);
  appendOrderedNumber(bytes, height.tx);
  return Uint8Array.from(bytes);
}

/**
 * Reads one order-preserving number at `at`.
 * @throws StateError `corrupt`
 */
export function readOrderedNumber(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } {
  const size = bytes[at];
  if (size === undefined || size > 8 || at + 1 + size > bytes.length) {
    throw new StateError('corrupt', 'a stored number is cut short');
  }
  let value = 0;
  for (let index = at + 1; index <= at + size; index++) {
    value = value * 256 + (bytes[index] as number);
  }
  if (!Number.isSafeInteger(value)) {
    throw new StateError('corrupt', 'a stored number is beyond 2^53');
  }
  return { value, next: at + 1 + size };
}

/**
 * Reads what {@link encodeHeight} wrote.
 * @throws StateError `corrupt`
 */
export function decodeHeight(bytes: Uint8Array, at = 0): { readonly height: Height; readonly next: number } {
  const block = readOrderedNumber(bytes, at);
  const tx = readOrderedNumber(bytes, block.next);
  return { height: { block: block.value, tx: tx.value }, next: tx.next };
}
