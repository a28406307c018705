/** A selector of an expression: a metric's name, and its matchers as they are written. */
export interface Selector {
  readonly name: string;
  readonly matchers: string;
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'offset', 'bool', 'inf', 'nan']);
/** Which labels count; no metric is in there. */
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g;
/** A unit or an exponent is no name. */
const NUMBERS = /\b\d+(?:\.\d+)?(?:e[+-]?\d+|ms|[smhdwy])?\b/g;
/** Quoted text; a name with the bracket that follows it; a range; matchers without a name. */
const PARTS = /"(?:[^"\\]|\\.)*"|([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(|\{(?:[^}"]|"(?:[^"\\]|\\.)*")*\})?|\[[^\]]*\]|\{/g;

/** Every selector of a PromQL expression. @throws where one has no name: it would select whatever there is */
export function selectorsOf(expr: string): readonly Selector[] {
  const found: Selector[] = [];
  // Within quotes nothing is replaced: matchers stay as they are.
  const plain = expr.replaceAll(/"(?:[^"\\]|\\.)*"|[^"]+/g, (part) =>
    part.startsWith('"') ? part : part.replaceAll(GROUPING, ' ').replaceAll(NUMBERS, '0'),
  );
  for (const [part, name, tail] of plain.matchAll(PARTS)) {
    if (part === '{') throw new Error(`a selector without a name: ${expr}`);
    if (name === undefined || tail === '(' || KEYWORDS.has(name.toLowerCase())) continue;
    found.push({ name, matchers: tail ?? '' });
  }
  return found;
}
