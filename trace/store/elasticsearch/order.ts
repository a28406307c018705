/** As Elasticsearch and SQLite order text: by code points. */
export function compareTerms(a: string, b: string): number {
  if (a === b) return 0;
  for (let n = 0; ; n++) {
    const left = a.charCodeAt(n);
    const right = b.charCodeAt(n);
    if (left === right) continue;
    if (Number.isNaN(left)) return -1;
    if (Number.isNaN(right)) return 1;
    // Surrogates stand for what comes after all else.
    const [leftIsPair, rightIsPair] = [left >= 0xd800 && left < 0xe000, right >= 0xd800 && right < 0xe000];
    if (leftIsPair !== rightIsPair) return leftIsPair ? 1 : -1;
    return left - right;
  }
}
