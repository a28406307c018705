/**
 * How a person calls a participant: the common name where that says enough (`peer0.org1.example.com`), the whole ID where it
 * does not (`Org1MSP/peer0`), since organisations may use the same short names.
 */
export function nameOf(id: string): string {
  const name = id.slice(id.indexOf('/') + 1);
  return name.includes('.') ? name : id;
}

/** `a`, `a and b`, `a, b and c`; of many only the first few. */
export function listOf(ids: readonly string[], most = 5): string {
  const names = ids.map(nameOf);
  const shown = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} others`] : names;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** Time of day with milliseconds, UTC: `00:20:43.511`. */
export const timeOf = (iso: string) => iso.slice(11, 23);

/** `820 µs`, `12 ms`, `3.4 s`, `2 min 5 s`. */
export function durationOf(us: number): string {
  const size = Math.abs(us);
  if (size < 1000) return `${us} µs`;
  if (size < 1_000_000) return `${Math.round(us / 1000)} ms`;
  if (size < 120_000_000) return `${Number((us / 1_000_000).toFixed(1))} s`;
  const seconds = Math.round(us / 1_000_000);
  return `${Math.trunc(seconds / 60)} min ${Math.abs(seconds % 60)} s`;
}

/** A reason as a log gives it, on one line and not longer than a sentence should be. */
export function quote(text: string, most = 300): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
}

/** Distinct, in their order. */
export const distinct = (ids: readonly string[]): string[] => [...new Set(ids)];
