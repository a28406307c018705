/**
 * Order of two texts by their UTF-8 bytes, as Go sorts strings and LevelDB sorts keys. JavaScript's own order differs where
 * characters beyond U+FFFF meet those from U+E000 on.
 */
export function compareKeys(first: string, second: string): number {
  if (first === second) {
    return 0;
  }
  const length = Math.min(first.length, second.length);
  for (let index = 0; index < length; index++) {
    const a = first.charCodeAt(index);
    const b = second.charCodeAt(index);
    if (a !== b) {
      return a >= 0xd800 && b >= 0xd800 ? weight(a) - weight(b) : a - b;
    }
  }
  return first.length - second.length;
}

/** Surrogates stand for what lies beyond all that a single unit can say. */
function weight(unit: number): number {
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** A sorted copy. */
export function sortedKeys(keys: Iterable<string>): string[] {
  return [...keys].toSorted(compareKeys);
}
