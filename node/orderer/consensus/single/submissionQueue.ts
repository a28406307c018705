import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import type { PendingEntry } from './pendingLog.ts';

/** A message on its way into a block. */
export interface Message {
  readonly envelope: EnvelopeView;
  readonly kind: PendingEntry['kind'];
  /** Of the configuration that it was checked under. */
  readonly configSequence: number;
  /** Its number in the channel. */
  readonly sequence: number;
}

/** A message whose sender waits to hear that it was accepted. */
export interface Submission extends Message {
  readonly accepted: () => void;
  readonly refused: (error: Error) => void;
}

/** Beyond these the queue is full. */
const MAX_QUEUED = 10_000;
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** Messages that nobody has acknowledged yet. */
export class SubmissionQueue {
  #submissions: Submission[] = [];
  #bytes = 0;
  #waiting: (() => void)[] = [];

  get length(): number {
    return this.#submissions.length;
  }

  get isFull(): boolean {
    return this.#submissions.length >= MAX_QUEUED || this.#bytes >= MAX_QUEUED_BYTES;
  }

  push(submission: Submission): void {
    this.#submissions.push(submission);
    this.#bytes += submission.envelope.bytes.length;
  }

  /** All of them: the queue is empty then, and those who waited look again. */
  takeAll(): readonly Submission[] {
    const submissions = this.#submissions;
    this.#submissions = [];
    this.#bytes = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) {
      resolve();
    }
    return submissions;
  }

  /** Resolves when the queue was emptied. */
  emptied(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
