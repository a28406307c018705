import type { StoredRecord } from '../api/types.ts';
import { commonName } from './names.ts';
import { formatDuration } from './time.ts';

/** One record in one line. */
export interface RecordLine {
  readonly at: string;
  /** Node that wrote it; the kind of source where no node did. */
  readonly writer: string;
  readonly point: string;
  /** What it says: who to whom, and the values that matter. */
  readonly says: string;
}

const LONGEST = 240;
type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const text = (value: unknown): string =>
  typeof value === 'string' ? value.slice(0, LONGEST) : typeof value === 'number' ? String(value) : '';

/** Reads what the schema knows and passes over what it does not; whatever a record holds, there is a line. */
export function recordLine({ record }: Pick<StoredRecord, 'record'>): RecordLine {
  const ftl = fields(record['ftl']);
  const block = fields(ftl['block']);
  const [from, to] = [whoOf(ftl['sender']), whoOf(ftl['receiver'])];
  const parts = [
    from === '' || to === '' ? from || to : `${from} → ${to}`,
    text(ftl['stage']),
    [text(ftl['chaincode']), text(ftl['function'])].filter((part) => part !== '').join('.'),
    named('block', text(block['number'])),
    named('status', text(ftl['status'])),
    text(ftl['code']),
    typeof ftl['duration_us'] === 'number' ? `took ${formatDuration(ftl['duration_us'])}` : '',
    text(ftl['error']),
    text(record['message']),
  ];
  return {
    at: text(record['@timestamp']),
    writer: text(record['service.node.name']) || text(ftl['source']) || 'unknown writer',
    point: text(ftl['point']),
    says: parts.filter((part) => part !== '').join(', '),
  };
}

const named = (name: string, value: string) => (value === '' ? '' : `${name} ${value}`);

function whoOf(identity: unknown): string {
  const { name, id, address, pki_id: pkiId } = fields(identity);
  return text(name) || commonName(text(id)) || text(address) || text(pkiId).slice(0, 16);
}
