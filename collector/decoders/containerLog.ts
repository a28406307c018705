import { z } from 'zod';
import type { DeadLetter } from './decoder.ts';

/**
 * What container runtimes put around a line:
 *
 *     {"log":"…\n","stream":"stderr","time":"2026-01-01T00:00:00.0Z"}      Docker's json-file driver; long lines in pieces, the last ends with \n
 *     2026-01-01T00:00:00.0Z stderr F …                                    CRI (Kubernetes); P for a piece, F for the last
 *     peer0.org1  | …                                                      docker compose logs: several containers in one stream
 *
 * Unwrapping gives the line inside and the container it is of ('' where the stream has but one).
 */
export interface Unwrapped {
  readonly container: string;
  readonly text: string;
  /** The wrapper itself is broken. */
  readonly dead?: DeadLetter;
}

const Snapshot = z.object({
  pieces: z.array(z.tuple([z.string(), z.string()])),
  containers: z.array(z.string()),
});

/** A line in pieces is joined up to this many characters; what is beyond is cut off, and the decoder calls it too long. */
const MAX_JOINED = 4_000_000;
const MAX_CONTAINERS = 64;

const CRI = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) (stdout|stderr) ([FP])(?::[^ ]*)? /;
const ESC = String.fromCharCode(0x1b);
const COMPOSE = new RegExp(
  `^(?:${ESC}\\[[0-9;]*m)?([A-Za-z0-9][\\w.-]{0,127}) *(?:${ESC}\\[[0-9;]*m)? ?\\| ?(?:${ESC}\\[0?m ?)?`,
);

export class ContainerLog {
  /** Output stream → the pieces so far of a line that is not complete. */
  readonly #pieces: Map<string, string>;
  readonly #containers: Set<string>;
  readonly #isEntry: (line: string) => boolean;

  /** @param isEntry whether a line begins an entry that some decoder knows: a first `name |` must stand before one. */
  constructor(isEntry: (line: string) => boolean, snapshot?: unknown) {
    const parsed = Snapshot.safeParse(snapshot);
    this.#isEntry = isEntry;
    this.#pieces = new Map(parsed.success ? parsed.data.pieces : []);
    this.#containers = new Set(parsed.success ? parsed.data.containers : []);
  }

  snapshot(): unknown {
    return { pieces: [...this.#pieces], containers: [...this.#containers] };
  }

  /** The line inside; null if it is a piece of one that goes on; undefined if nothing is wrapped around the line. */
  unwrap(line: string): Unwrapped | null | undefined {
    const first = line.charCodeAt(0);
    if (first === 123) return line.startsWith('{"log":"') ? this.#docker(line) : undefined;
    // A T in the eleventh place tells CRI's time from the console format's.
    if (first >= 48 && first <= 57 && line.charCodeAt(10) === 84) {
      const match = CRI.exec(line);
      if (match !== null) return this.#piece(match[1] as string, line.slice(match[0].length), match[2] === 'F');
    }
    return line.indexOf('|') > 0 ? this.#compose(line) : undefined;
  }

  #docker(line: string): Unwrapped | null | undefined {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return {
        container: '',
        text: line,
        dead: { code: 'bad_json', reason: "a broken line of Docker's json-file driver" },
      };
    }
    const { log, stream } = value as { log?: unknown; stream?: unknown };
    if (typeof log !== 'string') return undefined;
    const isLast = log.endsWith('\n');
    return this.#piece(stream === 'stdout' ? 'stdout' : 'stderr', isLast ? log.slice(0, -1) : log, isLast);
  }

  #piece(stream: string, text: string, isLast: boolean): Unwrapped | null {
    const before = this.#pieces.get(stream);
    if (before === undefined && isLast) return { container: '', text: withoutReturn(text) };
    const joined = before === undefined ? text : before.length > MAX_JOINED ? before : before + text;
    if (!isLast) {
      this.#pieces.set(stream, joined);
      return null;
    }
    this.#pieces.delete(stream);
    return { container: '', text: withoutReturn(joined) };
  }

  #compose(line: string): Unwrapped | undefined {
    const match = COMPOSE.exec(line);
    if (match === null) return undefined;
    const container = match[1] as string;
    const text = line.slice(match[0].length);
    // A dump may hold `name | …` too; a container is one only once an entry has stood behind its name.
    if (!this.#containers.has(container)) {
      if (this.#containers.size >= MAX_CONTAINERS || !this.#isEntry(text)) return undefined;
      this.#containers.add(container);
    }
    return { container, text };
  }
}

/** A container with a terminal ends its lines with both; a line of a file loses them both too. */
function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
