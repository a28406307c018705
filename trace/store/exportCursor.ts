import { StoreError } from './errors.ts';

const MOST = 5000;
const USUAL = 1000;

/** @throws StoreError `invalid_query` for one out of range */
export function exportLimit(asked: number = USUAL): number {
  if (Number.isInteger(asked) && asked >= 1 && asked <= MOST) return asked;
  throw new StoreError('invalid_query', 'limit is a number from 1 to 5,000.');
}

/** A place in a store's own order: the first says where, the others how far. */
export type ExportPlace = readonly [string, ...(string | number)[]];

export function writeExportCursor(place: ExportPlace): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws StoreError `invalid_query` for what is no cursor */
export function readExportCursor(cursor: string): ExportPlace {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(place) && typeof place[0] === 'string') return place as unknown as ExportPlace;
  } catch {
    // Falls through: of no store.
  }
  throw foreignCursor();
}

export function foreignCursor(): StoreError {
  return new StoreError('invalid_query', 'The cursor is none of this store.');
}
