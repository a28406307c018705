import { z } from 'zod';
import type { StreamIntake } from '../pipeline/streamIntake.ts';
import { type Arrival, LineOrder, type OrderOptions } from './lineOrder.ts';
import { LONG_LINE_HEAD } from '../sources/lineSplitter.ts';
import { markOf, SentLines } from './sentLines.ts';

/** How far a shipped file has come; stored as JSON under its key together with the records that it covers. */
export const StreamCheckpoint = z.object({
  v: z.literal(1),
  name: z.string(),
  /** The file at the path that lines came from last, and where its next line should stand. */
  file: z.string(),
  next: z.int().min(0).nullable(),
  lines: z.int().min(0),
  /** Marks of the lines that came lately, Base64. */
  sent: z.string(),
  decoder: z.unknown(),
});
export type StreamCheckpoint = z.infer<typeof StreamCheckpoint>;

/** Null for a text that no version of ours wrote; what is sent again then goes through the decoder again, and adds nothing. */
export function parseStreamCheckpoint(text: string): StreamCheckpoint | null {
  try {
    const parsed = StreamCheckpoint.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

export interface BeatsStreamOptions extends OrderOptions {
  readonly name: string;
  readonly maxLineBytes: number;
  readonly checkpoint: StreamCheckpoint | null;
  /** Told of every line that had come before. */
  readonly onRepeated: () => void;
}

/** The lines of one file on one host: in order, each once, into a decoder of their own, as if the file were followed here. */
export class BeatsStream {
  readonly name: string;
  readonly #options: BeatsStreamOptions;
  readonly #sent: SentLines;
  readonly #order: LineOrder;
  #intake!: StreamIntake;
  #file: string;
  #lines: number;
  #end: number | null;

  constructor(options: BeatsStreamOptions) {
    const { checkpoint } = options;
    this.#options = options;
    this.name = options.name;
    this.#sent = new SentLines(checkpoint?.sent);
    this.#file = checkpoint?.file ?? '';
    this.#lines = checkpoint?.lines ?? 0;
    this.#end = checkpoint?.next ?? null;
    this.#order = new LineOrder(options, (arrival) => this.#pass(arrival), this.#end);
  }

  /** Its lines go here. To be called once, before the first line. */
  connect(intake: StreamIntake): void {
    this.#intake = intake;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Whether lines wait for others before them. */
  get holds(): boolean {
    return this.#order.holds;
  }

  /** The stream's part of its checkpoint. */
  position(): Omit<StreamCheckpoint, 'decoder'> {
    return {
      v: 1,
      name: this.name,
      file: this.#file,
      next: this.#end,
      lines: this.#lines,
      sent: this.#sent.snapshot(),
    };
  }

  /** @param others whether lines before this one may still be on other connections */
  take(arrival: Arrival, others: boolean): void {
    arrival.window.hold();
    this.#order.take(arrival, others);
  }

  /** Lines that wait for others go in as they are. */
  releaseAll(): void {
    this.#order.releaseAll();
  }

  /** Counts what went through since the last call. */
  count(): void {
    this.#intake.endChunk();
  }

  #pass({ line, window }: Arrival): void {
    const { file, offset, size, text } = line;
    if (offset === undefined) {
      this.#add(text, undefined, () => undefined);
    } else {
      const mark = markOf(file, offset, text);
      const isBack = this.#end !== null && offset < this.#end;
      if (isBack && this.#sent.has(mark)) {
        this.#options.onRepeated();
      } else {
        // Another file, one written anew, or lines of long ago: what comes now may be older than what came before.
        if (isBack || file !== this.#file || (this.#end === null && offset === 0)) this.#intake.newFile();
        this.#add(text, offset, () => {
          this.#file = file;
          this.#end = offset + (size ?? 1);
          this.#sent.add(mark, window);
        });
      }
    }
    window.release();
  }

  /**
   * @param passed moves the position: before the last of several lines that the sender has joined, since a batch may be sealed
   *   after any of them, and until then the event must count as not seen
   */
  #add(text: string, offset: number | undefined, passed: () => void): void {
    if (text.length > this.#options.maxLineBytes) {
      this.#lines++;
      passed();
      this.#intake.tooLong(Buffer.from(text.slice(0, LONG_LINE_HEAD)), Buffer.byteLength(text), offset ?? 0);
      return;
    }
    const parts = text.includes('\n') ? text.split('\n') : [text];
    for (const [index, part] of parts.entries()) {
      this.#lines++;
      if (index === parts.length - 1) passed();
      this.#intake.text(part.endsWith('\r') ? part.slice(0, -1) : part, offset);
    }
  }
}
