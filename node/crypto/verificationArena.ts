import type { SignatureDigest } from './hash.ts';

/** Signatures in one arena: two milliseconds of work. */
export const JOBS = 32;
export const ARENA_BYTES = 256 * 1024;
/** Numbers of a job: key, digest, where its message and its signature begin, their lengths, the result. */
const FIELDS = 7;
const RESULT = 6;
/** How many jobs, then the jobs, then bytes. */
const BYTES_FROM = (1 + JOBS * FIELDS) * Int32Array.BYTES_PER_ELEMENT;
const DIGESTS: readonly SignatureDigest[] = ['sha256', 'sha3-256'];

const FALSE = 1;
const TRUE = 2;

/** One signature to check, as a thread sees it. */
export interface VerificationJob {
  readonly keyId: number;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly digest: SignatureDigest;
}

/** A batch of signatures in memory that threads share. At any time only one of them uses it: messages between them say whose turn it is. */
export class VerificationArena {
  /** Bytes of message and signature that always fit into an empty arena. */
  static readonly largest: number = ARENA_BYTES - BYTES_FROM;
  readonly #numbers: Int32Array;
  readonly #bytes: Uint8Array;
  #end = BYTES_FROM;

  constructor(buffer: SharedArrayBuffer) {
    this.#numbers = new Int32Array(buffer, 0, 1 + JOBS * FIELDS);
    this.#bytes = new Uint8Array(buffer);
  }

  get count(): number {
    return this.#numbers[0] as number;
  }

  clear(): void {
    this.#numbers[0] = 0;
    this.#end = BYTES_FROM;
  }

  /** Copies one in; false where there is no room for it. */
  add(
    keyId: number,
    job: { readonly message: Uint8Array; readonly signature: Uint8Array; readonly digest?: SignatureDigest },
  ): boolean {
    const { message, signature } = job;
    const count = this.count;
    const digest = job.digest === undefined ? 0 : DIGESTS.indexOf(job.digest);
    if (count === JOBS || digest < 0 || this.#end + message.length + signature.length > ARENA_BYTES) {
      return false;
    }
    const numbers = this.#numbers;
    let at = 1 + count * FIELDS;
    numbers[at++] = keyId;
    numbers[at++] = digest;
    numbers[at++] = this.#end;
    numbers[at++] = message.length;
    this.#bytes.set(message, this.#end);
    this.#end += message.length;
    numbers[at++] = this.#end;
    numbers[at++] = signature.length;
    this.#bytes.set(signature, this.#end);
    this.#end += signature.length;
    numbers[at] = 0;
    numbers[0] = count + 1;
    return true;
  }

  job(index: number): VerificationJob {
    const at = 1 + index * FIELDS;
    const number = (field: number): number => this.#numbers[at + field] as number;
    return {
      keyId: number(0),
      digest: DIGESTS[number(1)] as SignatureDigest,
      message: this.#bytes.subarray(number(2), number(2) + number(3)),
      signature: this.#bytes.subarray(number(4), number(4) + number(5)),
    };
  }

  setResult(index: number, valid: boolean): void {
    this.#numbers[1 + index * FIELDS + RESULT] = valid ? TRUE : FALSE;
  }

  /** Null: the thread could not tell. */
  result(index: number): boolean | null {
    const result = this.#numbers[1 + index * FIELDS + RESULT];
    return result === TRUE ? true : result === FALSE ? false : null;
  }
}
