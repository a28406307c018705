import { StoreError } from './errors.ts';

/** A place in a store's own order, in a form that nobody else need understand: what a page gives as `next`. */
export function writeCursor(place: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** The place again, of whatever parts. @throws StoreError `invalid_query` for what is no cursor */
export function readCursor(cursor: string): readonly unknown[] {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(place)) return place;
  } catch {
    // Falls through: of no store.
  }
  throw foreignCursor();
}

export function foreignCursor(): StoreError {
  return new StoreError('invalid_query', 'The cursor is none of this store.');
}
