import type { HalfTrace } from '../assemble/halfTrace.ts';
import { distinct, quote } from './wording.ts';

/** The reason that a peer gave, and the keys that the transaction read, for conflicts between reads and writes. */
export function conflictDetails({ reasons, readWriteSets, verdictRecords }: HalfTrace): {
  readonly because: string;
  readonly records: string[];
} {
  // Every transaction reads its chaincode's definition; what people ask for is their own data.
  const own = readWriteSets.filter(({ namespace }) => namespace !== '_lifecycle');
  const keys = distinct(own.flatMap(({ reads }) => reads.map(({ key }) => key)));
  const [reason] = reasons.map(({ text }) => quote(text)).toSorted();
  const read =
    keys.length === 0 ? '' : ` It had read ${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ' and more' : ''}.`;
  const because = `${read}${reason === undefined ? '' : ` A peer says: “${reason}”.`}`;
  return { because: because.replaceAll('..', '.'), records: distinct(verdictRecords) };
}
