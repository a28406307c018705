import type { StoredRecord, TraceRecord } from '../../record.ts';
import { normalId } from '../normalId.ts';
import type { Hit } from './cluster.ts';
import type { RecordDocument, WrappedRecord } from './documents.ts';

/** Whether a search would miss it as it is: of what UTF-16 cannot pair, Elasticsearch makes question marks. */
export function needsWrapping({ ftl, 'service.node.name': node = '' }: TraceRecord): boolean {
  const { channel = '', tx_id: txId = '', tx_id_prefix: prefix = '', txs } = ftl;
  return (
    !node.isWellFormed() ||
    !channel.isWellFormed() ||
    !txId.isWellFormed() ||
    !prefix.isWellFormed() ||
    txs?.every(({ id }) => id.isWellFormed()) === false
  );
}

/** The document of a record that is not taken as it is: what is searched, and the record as text. */
export function wrap(record: TraceRecord): WrappedRecord {
  const { ftl } = record;
  const type = record['service.type'];
  const node = record['service.node.name'];
  return {
    '@timestamp': record['@timestamp'],
    ...(type !== undefined && { 'service.type': type }),
    ...(node !== undefined && { 'service.node.name': normalId(node) }),
    ftl: {
      point: ftl.point,
      ...(ftl.channel !== undefined && { channel: normalId(ftl.channel) }),
      ...(ftl.tx_id !== undefined && { tx_id: normalId(ftl.tx_id) }),
      ...(ftl.tx_id_prefix !== undefined && { tx_id_prefix: normalId(ftl.tx_id_prefix) }),
      ...(ftl.block !== undefined && {
        block: { number: ftl.block.number, ...(ftl.block.last !== undefined && { last: ftl.block.last }) },
      }),
      ...(ftl.txs !== undefined && { txs: ftl.txs.map(({ id }) => ({ id: normalId(id) })) }),
    },
    ftl_record: JSON.stringify(record),
  };
}

/** The record as it was given. */
export function unwrap(hit: Pick<Hit, 'id' | 'source'>): StoredRecord {
  const document = hit.source as RecordDocument;
  const { ftl_record: text } = document as WrappedRecord;
  return { id: hit.id, record: text === undefined ? (document as TraceRecord) : (JSON.parse(text) as TraceRecord) };
}
