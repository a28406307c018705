import type { Readable } from 'node:stream';
import type { StreamIntake } from '../pipeline/streamIntake.ts';
import { LineSplitter } from './lineSplitter.ts';

/** How dead letters name it. */
export const STDIN_NAME = '<stdin>';

export interface ReadableSource {
  readonly input: Readable;
  readonly maxLineBytes: number;
  /** Stops reading between two chunks. */
  readonly signal: AbortSignal;
}

/** Where such a stream stands; it can't be resumed, so this serves dead letters only. */
export class ReadableStreamPosition {
  splitter: LineSplitter | null = null;

  get lines(): number {
    return this.splitter?.lines ?? 0;
  }
}

/**
 * Reads standard input (or any other stream of bytes) to its end, held back by the pipeline as files are. A pipe can't be read
 * twice: what was in memory when the process was killed is lost.
 */
export async function readStream(
  source: ReadableSource,
  intake: StreamIntake,
  position: ReadableStreamPosition,
): Promise<void> {
  const splitter = new LineSplitter(source.maxLineBytes, intake);
  position.splitter = splitter;
  const stop = () => source.input.destroy();
  source.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const part of source.input) {
      const chunk = typeof part === 'string' ? Buffer.from(part) : (part as Buffer);
      intake.beginChunk(chunk, chunk.length);
      splitter.push(chunk);
      intake.endChunk();
      await intake.room();
    }
  } catch (error) {
    if (!source.signal.aborted) throw error;
  } finally {
    source.signal.removeEventListener('abort', stop);
  }
  splitter.finish();
  intake.flush();
}
