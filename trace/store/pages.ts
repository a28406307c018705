import { foreignCursor, readCursor } from './cursor.ts';
import { StoreError } from './errors.ts';

/** How many items of a listing stand on a page. @throws StoreError `invalid_query` for a number out of range */
export function pageLimit(asked = 50): number {
  if (Number.isInteger(asked) && asked >= 1 && asked <= 1000) return asked;
  throw new StoreError('invalid_query', 'limit is a number from 1 to 1,000.');
}

/** Number and channel of the last block on the page before. @throws StoreError `invalid_query` for the cursor of another listing */
export function readBlockCursor(cursor: string): readonly [number, string] {
  const [number, channel] = readCursor(cursor);
  if (Number.isSafeInteger(number) && typeof channel === 'string') return [number as number, channel];
  throw foreignCursor();
}
