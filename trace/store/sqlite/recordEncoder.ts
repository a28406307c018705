import { traceIdOf, type TraceRecord } from '../../record.ts';
import { ByteWriter, isHex } from './bytes.ts';
import type { Dictionary } from './dictionary.ts';
import type { RecordDecoder, RowContext, TxListStore } from './recordDecoder.ts';
import { blockLetters, isUint, KNOWN_FTL, KNOWN_TOP, type TemplateItem } from './recordTemplate.ts';
import { approximateTime, fractionDigits, parseTime } from '../time.ts';

interface Recent {
  readonly key: number;
  readonly items: readonly TemplateItem[];
}

/** Templates tried per writer and point before the long way. */
const MOST_RECENT = 6;

type Fields = Readonly<Record<string, unknown>>;
interface Known {
  readonly head: string;
  readonly kind: string;
}

const heads = (fields: Readonly<Record<string, string>>): ReadonlyMap<string, Known> =>
  new Map(Object.entries(fields).map(([key, kind]) => [key, { head: `${key.length}:${key}`, kind }]));
const TOP = heads(KNOWN_TOP);
const FTL = heads(KNOWN_FTL);
/** Longest string that may become part of a template. */
const LONGEST_CONSTANT = 256;

/** Turns records into blobs; what `RecordDecoder` makes of them is deep-equal to what went in. */
export class RecordEncoder {
  readonly #dictionary: Dictionary;
  readonly #lists: TxListStore;
  readonly #decoder: RecordDecoder;
  readonly #out = new ByteWriter();
  readonly #values = new ByteWriter();
  /** By point and writer: the templates met last, the latest first. */
  readonly #recent = new Map<string, Map<string, Recent[]>>();
  /** Time of the record encoded last. */
  time = 0;

  constructor(dictionary: Dictionary, lists: TxListStore, decoder: RecordDecoder) {
    this.#dictionary = dictionary;
    this.#lists = lists;
    this.#decoder = decoder;
  }

  /** After a rollback: template keys may be given to others. */
  forget(): void {
    this.#recent.clear();
  }

  /** The record's bytes, valid until the next call; `time` tells its time. */
  encode(record: TraceRecord, row: RowContext): Uint8Array {
    const timestamp = record['@timestamp'];
    const exact = parseTime(timestamp);
    this.time = Number.isNaN(exact) ? approximateTime(timestamp) : exact;
    const template = this.#matching(record, row, exact) ?? this.#describe(record, row, exact);
    const out = this.#out;
    out.reset();
    out.uint(template);
    out.int(this.time - row.base);
    if (template === 0) out.text(JSON.stringify(record));
    else out.append(this.#values.take());
    return out.take();
  }

  /**
   * Most records have the template of one that came just before from the same writer at the same point: its items are checked
   * against the record, which is far cheaper than writing the text anew. Null if none fits.
   */
  #matching(record: TraceRecord, row: RowContext, exact: number): number | null {
    const candidates = this.#recent.get(record.ftl.point)?.get(record['service.node.name'] ?? '');
    if (candidates === undefined || Number.isNaN(exact)) return null;
    for (let n = 0; n < candidates.length; n++) {
      const candidate = candidates[n] as Recent;
      this.#values.reset();
      if (!this.#fits(candidate.items, record, row)) continue;
      if (n > 0) {
        candidates.splice(n, 1);
        candidates.unshift(candidate);
      }
      return candidate.key;
    }
    return null;
  }

  #describe(record: TraceRecord, row: RowContext, exact: number): number {
    this.#values.reset();
    const text = this.#template(record, row, exact);
    const key = this.#dictionary.admit(text);
    if (key === 0) return 0;
    let byNode = this.#recent.get(record.ftl.point);
    if (byNode === undefined || byNode.size >= 1000) {
      byNode = new Map();
      this.#recent.set(record.ftl.point, byNode);
    }
    const node = record['service.node.name'] ?? '';
    const candidates = byNode.get(node) ?? [];
    if (candidates.length >= MOST_RECENT) candidates.pop();
    candidates.unshift({ key, items: this.#decoder.items(key) });
    byNode.set(node, candidates);
    return key;
  }

  /** Whether the record has exactly these items, in this order; their values are in `#values` then. */
  #fits(items: readonly TemplateItem[], record: TraceRecord, row: RowContext): boolean {
    const top = record as Fields;
    const ftl = record.ftl as Fields;
    const topKeys = Object.keys(top);
    const ftlKeys = Object.keys(ftl);
    let keys = topKeys;
    let fields = top;
    let at = 0;
    let topAt = 0;
    for (const item of items) {
      if (item.kind === '}') {
        if (at !== ftlKeys.length) return false;
        keys = topKeys;
        fields = top;
        at = topAt;
        continue;
      }
      if (keys[at] !== item.key) return false;
      at++;
      if (item.kind === '{') {
        keys = ftlKeys;
        fields = ftl;
        topAt = at;
        at = 0;
      } else if (!this.#fitsItem(item, fields[item.key], row)) return false;
    }
    return at === topKeys.length;
  }

  #fitsItem(item: TemplateItem, value: unknown, row: RowContext): boolean {
    switch (item.kind) {
      case 'k':
      case 'c':
        return value === item.value;
      case 'X':
        return value === row.txId;
      case 'C':
        return value === row.channel;
      case 'T':
        if (row.txId === null) return false;
        row.traceId ??= traceIdOf(row.channel, row.txId);
        return value === row.traceId;
      case 't':
        return typeof value === 'string' && fractionDigits(value) === item.value;
      case 'u':
        if (!isUint(value)) return false;
        this.#values.uint(value);
        return true;
      case 'i': {
        const key = typeof value === 'object' && value !== null ? this.#dictionary.admitObject(value as Fields) : 0;
        if (key === 0) return false;
        this.#values.uint(key);
        return true;
      }
      default:
        return this.#fitsByText(item, value, row);
    }
  }

  /** The rarer kinds: what the long way would have written must be the same item. */
  #fitsByText(item: TemplateItem, value: unknown, row: RowContext): boolean {
    const { key, kind } = item;
    const known = FTL.get(key) ?? TOP.get(key);
    const text = value === undefined ? '' : this.#item(known, key, value, row, this.time);
    const head = `${key.length}:${key}`;
    if (kind === 'h') return text === `${head}h${String(item.value)};`;
    if (kind === 'b') return text === `${head}b${String(item.value)};`;
    if (kind === 'd') return text === `${head}d${String(item.value)}`;
    return text === `${head}${kind}`;
  }

  /** Writes the template's text, and the values into `#values` on the way. */
  #template(record: TraceRecord, row: RowContext, exact: number): string {
    let text = '';
    const top = record as Fields;
    for (const key of Object.keys(top)) {
      if (key === 'ftl') {
        text += '3:ftl{';
        const ftl = record.ftl as Fields;
        for (const field of Object.keys(ftl)) {
          const value = ftl[field];
          if (value !== undefined) text += this.#item(FTL.get(field), field, value, row, exact);
        }
        text += '}';
      } else {
        const value = top[key];
        if (value !== undefined) text += this.#item(TOP.get(key), key, value, row, exact);
      }
    }
    return text;
  }

  #item(field: Known | undefined, key: string, value: unknown, row: RowContext, exact: number): string {
    if (field === undefined) return this.#unknown(`${key.length}:${key}`, value);
    const head = field.head;
    switch (field.kind) {
      case 'k':
        return typeof value === 'string' && value.length <= LONGEST_CONSTANT
          ? `${head}k${value.length}:${value}`
          : this.#unknown(head, value);
      case 'i':
        if (typeof value === 'object' && value !== null) {
          const interned = this.#dictionary.admitObject(value as Fields);
          if (interned !== 0) {
            this.#values.uint(interned);
            return `${head}i`;
          }
        }
        break;
      case 'u':
        if (isUint(value)) {
          this.#values.uint(value);
          return `${head}u`;
        }
        break;
      case 'X':
      case 'P':
        if (value === row.txId) return `${head}X`;
        break;
      case 'C':
        if (value === row.channel) return `${head}C`;
        break;
      case 't':
        if (!Number.isNaN(exact)) return `${head}t${fractionDigits(value as string)}`;
        break;
      case 'c': {
        const json = JSON.stringify(value);
        if (json.length <= LONGEST_CONSTANT) return `${head}c${json.length}:${json}`;
        break;
      }
      case 'b':
        return this.#block(head, value, row);
      case 'h':
        if (typeof value === 'string' && value.length <= 512 && isHex(value)) {
          this.#values.hex(value);
          return `${head}h${value.length / 2};`;
        }
        break;
      case 'T':
        return this.#traceId(head, value, row);
      case 'd': {
        const time = typeof value === 'string' ? parseTime(value) : Number.NaN;
        if (Number.isNaN(time)) break;
        this.#values.int(time - this.time);
        return `${head}d${fractionDigits(value as string)}`;
      }
      case 'I':
        return this.#identities(head, value);
      case 'L': {
        const list = Array.isArray(value) ? this.#lists.keyOf(value, row) : 0;
        if (list === 0) break;
        this.#values.uint(list);
        return `${head}L`;
      }
      default:
        break;
    }
    return this.#inline(head, value, field.kind === 'm');
  }

  #unknown(head: string, value: unknown): string {
    if (typeof value === 'boolean' || value === null) {
      const json = String(value);
      return `${head}c${json.length}:${json}`;
    }
    return this.#inline(head, value, true);
  }

  /** A value of its own: text or JSON; a short string without digits goes into the template where `constant` allows it. */
  #inline(head: string, value: unknown, constant: boolean): string {
    if (typeof value === 'string' && value.isWellFormed()) {
      if (constant && value.length <= LONGEST_CONSTANT && !/\d/.test(value)) return `${head}k${value.length}:${value}`;
      this.#values.text(value);
      return `${head}s`;
    }
    const json = JSON.stringify(value) as string | undefined;
    if (json === undefined) return '';
    this.#values.text(json);
    return `${head}j`;
  }

  #block(head: string, value: unknown, row: RowContext): string {
    const letters = blockLetters(value, row.block);
    if (letters === '') return this.#inline(head, value, false);
    const block = value as Fields;
    for (const letter of letters) {
      if (letter === 'N') this.#values.uint(block['number'] as number);
      else if (letter === 'l') this.#values.uint(block['last'] as number);
      else if (letter === 'h') this.#values.hex(block['hash'] as string);
      else if (letter === 'p') this.#values.hex(block['previous_hash'] as string);
      else if (letter === 'd') this.#values.hex(block['data_hash'] as string);
    }
    return `${head}b${letters};`;
  }

  #traceId(head: string, value: unknown, row: RowContext): string {
    if (row.txId !== null) {
      row.traceId ??= traceIdOf(row.channel, row.txId);
      if (value === row.traceId) return `${head}T`;
    }
    if (typeof value === 'string' && value.length <= 512 && isHex(value)) {
      this.#values.hex(value);
      return `${head}h${value.length / 2};`;
    }
    return this.#inline(head, value, false);
  }

  #identities(head: string, value: unknown): string {
    if (!Array.isArray(value)) return this.#inline(head, value, false);
    const keys: number[] = [];
    for (const identity of value as unknown[]) {
      const key =
        typeof identity === 'object' && identity !== null ? this.#dictionary.admitObject(identity as Fields) : 0;
      if (key === 0) return this.#inline(head, value, false);
      keys.push(key);
    }
    this.#values.uint(keys.length);
    for (const key of keys) this.#values.uint(key);
    return `${head}I`;
  }
}
