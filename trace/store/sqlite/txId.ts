import { isHex } from './bytes.ts';

/** How the `tx` table holds an ID: 32 bytes for what Fabric makes (64 lower-case hex digits), text for anything else. */
export type StoredTxId = Uint8Array | string;

export function toStoredId(id: string): StoredTxId {
  return id.length === 64 && isHex(id) ? Buffer.from(id, 'hex') : id;
}

export function fromStoredId(stored: StoredTxId): string {
  if (typeof stored === 'string') return stored;
  return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString('hex');
}

/** The expression that the index `tx_id` is made of; a query must spell it the same way. */
export const ID_HEAD = "CASE WHEN typeof(id) = 'blob' THEN substr(id, 1, 8) ELSE id END";

/** What the index holds for an ID. */
export function headOf(stored: StoredTxId): StoredTxId {
  return typeof stored === 'string' ? stored : stored.subarray(0, 8);
}

/** Bounds (inclusive) of the 32-byte IDs that begin with `prefix`; null if none can. */
export function hexRange(prefix: string): { readonly low: Uint8Array; readonly high: Uint8Array } | null {
  if (prefix.length > 64 || !/^[0-9a-f]*$/.test(prefix)) return null;
  return { low: Buffer.from(prefix.padEnd(64, '0'), 'hex'), high: Buffer.from(prefix.padEnd(64, 'f'), 'hex') };
}

/** The first text after all those that begin with `prefix`: SQLite compares UTF-8 bytes, and no character is higher. */
export function afterText(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}
