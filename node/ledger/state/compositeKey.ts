/** What is wrong with a key that a chaincode puts together. */
export class CompositeKeyError extends Error {
  readonly code = 'invalid_attribute';

  constructor(detail: string) {
    super(detail);
    this.name = 'CompositeKeyError';
  }
}

/** Composite keys begin with this, simple ones must not. It also ends each part. */
const SEPARATOR = '\0';
const LAST = '\u{10ffff}';
/** Where a range over all simple keys starts: behind all composite ones. */
export const FIRST_SIMPLE_KEY = '\x01';

/**
 * A key of several parts, as the chaincode libraries make it: 0x00, the type, then each attribute, all ended by 0x00.
 * @throws CompositeKeyError for parts with 0x00 or U+10FFFF, or that are no text
 */
export function compositeKey(objectType: string, attributes: readonly string[]): string {
  return SEPARATOR + [objectType, ...attributes].map((part) => `${checkedPart(part)}${SEPARATOR}`).join('');
}

/** Null for a simple key. */
export function splitCompositeKey(
  key: string,
): { readonly objectType: string; readonly attributes: readonly string[] } | null {
  if (!key.startsWith(SEPARATOR)) {
    return null;
  }
  const [objectType, ...attributes] = key.slice(1).split(SEPARATOR).slice(0, -1);
  return objectType === undefined ? null : { objectType, attributes };
}

/** Start and end of the range of all keys that begin with these parts. */
export function partialCompositeKeyRange(
  objectType: string,
  attributes: readonly string[],
): { readonly start: string; readonly end: string } {
  const start = compositeKey(objectType, attributes);
  return { start, end: start + LAST };
}

/**
 * Start of a range over simple keys, as the chaincode libraries send it: composite keys are left out.
 * @throws CompositeKeyError for a composite key
 */
export function simpleRangeStart(start: string): string {
  if (start.startsWith(SEPARATOR)) {
    throw new CompositeKeyError('a simple key must not begin with 0x00');
  }
  return start === '' ? FIRST_SIMPLE_KEY : start;
}

function checkedPart(part: string): string {
  if (part.includes(SEPARATOR) || part.includes(LAST) || !part.isWellFormed()) {
    throw new CompositeKeyError('parts of a composite key hold text without 0x00 and U+10FFFF');
  }
  return part;
}
