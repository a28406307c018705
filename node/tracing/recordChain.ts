import { hash } from 'node:crypto';

/** Where a stream of records ended, or stands. */
export interface StreamEnd {
  /** 16 hex digits. */
  readonly stream: string;
  readonly seq: number;
  /** Chain value of that record, 64 hex digits. */
  readonly chain: string;
}

/** Every record ends so: the object `ftl` is its last member. */
const ENDING = '}}\n';

/** Value before the first record of a stream. */
export function chainStart(node: string, stream: string): string {
  return hash('sha256', `ftl-record-chain\n${node}\n${stream}\n`, 'hex');
}

/** @param content a record's line without its `chain` and without its line feed; see docs/record-chain.md */
export function nextChain(before: string, content: string): string {
  return hash('sha256', `${before}${content}`, 'hex');
}

/**
 * Numbers the lines of a stream and ties each to the one before: one that is taken out, put in or altered shows
 * (docs/record-chain.md says which bytes are hashed).
 */
export class RecordChain {
  readonly node: string;
  /** Tells this start of the node from all others. */
  readonly stream: string;
  #next = 0;
  #chain: string;

  constructor(node: string, stream: string) {
    this.node = node;
    this.stream = stream;
    this.#chain = chainStart(node, stream);
  }

  /** Number of the next record. */
  get next(): number {
    return this.#next;
  }

  /** The last record; null before the first. */
  get end(): StreamEnd | null {
    return this.#next === 0 ? null : { stream: this.stream, seq: this.#next - 1, chain: this.#chain };
  }

  /** Leaves out the number of a record that is not written: the gap tells of it. */
  skip(): void {
    this.#next++;
  }

  /** @param line one JSON object whose last member is the object `ftl`, and a line feed @returns the line to write */
  add(line: string): string {
    if (!line.endsWith(ENDING)) {
      throw new TypeError('a line whose last member is not the object ftl');
    }
    const content = `${line.slice(0, -ENDING.length)},"stream":"${this.stream}","seq":${this.#next}`;
    this.#chain = nextChain(this.#chain, `${content}}}`);
    this.#next++;
    return `${content},"chain":"${this.#chain}"${ENDING}`;
  }
}
