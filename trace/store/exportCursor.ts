import { foreignCursor, readCursor } from './cursor.ts';
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

/** @throws StoreError `invalid_query` for what is no cursor */
export function readExportCursor(cursor: string): ExportPlace {
  const place = readCursor(cursor);
  if (typeof place[0] === 'string') return place as ExportPlace;
  throw foreignCursor();
}
