import { z } from 'zod';
import type { TraceRecord } from '#trace/record.ts';
import { ContainerLog } from './containerLog.ts';
import type { DeadLetter, Decoded, DecoderFactory, StreamDecoder, StreamOptions } from './decoder.ts';
import { fabricLog } from './fabricLog/fabricLog.ts';
import { ftlRecord } from './ftlRecord.ts';

/** How a source's lines are read: by what each looks like, or as configured. */
export const STREAM_FORMATS = ['auto', 'ftl', 'fabric'] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];

/** Our own records first: their `ftl` field is certain, and stock logs look otherwise. */
export const DECODERS: readonly DecoderFactory[] = [ftlRecord, fabricLog];

/** The decoder that knows this line; null for a line of no known shape (a continuation line, other output). */
export function chooseDecoder(line: string): DecoderFactory | null {
  for (const factory of DECODERS) if (factory.accepts(line)) return factory;
  return null;
}

/** Whether a line is one that some decoder knows, in a container runtime's wrapper or without. */
export function isKnownLine(line: string): boolean {
  const unwrapped = new ContainerLog((text) => chooseDecoder(text) !== null).unwrap(line);
  if (unwrapped === null || unwrapped?.dead !== undefined) return false;
  return chooseDecoder(unwrapped?.text ?? line) !== null;
}

const Inner = z.object({ ftl: z.unknown().optional(), fabric: z.unknown().optional() });
const Snapshot = z.object({
  container: z.unknown().optional(),
  nodes: z.array(z.tuple([z.string(), Inner])).optional(),
});

/**
 * A decoder of one stream (one file, one pipe). Container runtimes' wrappers are taken off first. A `docker compose logs` stream
 * is of several containers: each has its own decoder, named after it unless its log says better.
 */
export function createStreamDecoder(format: StreamFormat, options: StreamOptions, snapshot?: unknown): StreamDecoder {
  return new AnyDecoder(format, options, snapshot);
}

const NOTHING: Decoded = Object.freeze({ records: Object.freeze([]) });

class AnyDecoder implements StreamDecoder {
  readonly #format: StreamFormat;
  readonly #options: StreamOptions;
  readonly #container: ContainerLog;
  readonly #nodes = new Map<string, NodeDecoder>();

  constructor(format: StreamFormat, options: StreamOptions, snapshot: unknown) {
    const parsed = Snapshot.safeParse(snapshot ?? {});
    const from = parsed.success ? parsed.data : {};
    this.#format = format;
    this.#options = options;
    this.#container = new ContainerLog((line) => chooseDecoder(line) !== null, from.container);
    for (const [container, inner] of from.nodes ?? []) this.#node(container, inner);
  }

  line(text: string): Decoded {
    const unwrapped = this.#container.unwrap(text);
    if (unwrapped === null) return NOTHING;
    if (unwrapped?.dead !== undefined) return { records: [], dead: unwrapped.dead };
    if (unwrapped === undefined) return this.#node('').line(text);
    const decoded = this.#node(unwrapped.container).line(unwrapped.text);
    return decoded.records.length === 0 ? decoded : { ...decoded, line: unwrapped.text };
  }

  flush(): Decoded {
    const records: TraceRecord[] = [];
    let dead: DeadLetter | undefined;
    for (const node of this.#nodes.values()) {
      const decoded = node.flush();
      records.push(...decoded.records);
      dead ??= decoded.dead;
    }
    return records.length === 0 && dead === undefined ? NOTHING : { records, ...(dead === undefined ? {} : { dead }) };
  }

  newFile(): void {
    for (const node of this.#nodes.values()) node.newFile();
  }

  snapshot(): unknown {
    return {
      container: this.#container.snapshot(),
      nodes: [...this.#nodes].map(([container, node]) => [container, node.snapshot()]),
    };
  }

  #node(container: string, snapshot?: z.infer<typeof Inner>): NodeDecoder {
    let node = this.#nodes.get(container);
    if (node === undefined) {
      const { checkRecords } = this.#options;
      const options =
        container === ''
          ? this.#options
          : { fallbackName: container, ...(checkRecords === undefined ? {} : { checkRecords }) };
      node = new NodeDecoder(this.#format, options, snapshot);
      this.#nodes.set(container, node);
    }
    return node;
  }
}

/** One node's lines, in whichever of its two languages. */
class NodeDecoder {
  readonly #format: StreamFormat;
  readonly #ftl: StreamDecoder;
  readonly #fabric: StreamDecoder;

  constructor(format: StreamFormat, options: StreamOptions, snapshot: z.infer<typeof Inner> | undefined) {
    this.#format = format;
    this.#ftl = ftlRecord.create(options, snapshot?.ftl);
    this.#fabric = fabricLog.create(options, snapshot?.fabric);
  }

  line(text: string): Decoded {
    switch (this.#format) {
      case 'ftl':
        return text.trim() === '' ? NOTHING : this.#ftl.line(text);
      case 'fabric':
        return this.#fabric.line(text);
      default:
        // A line of no known shape may continue a stock entry.
        return ftlRecord.accepts(text) ? this.#ftl.line(text) : this.#fabric.line(text);
    }
  }

  flush(): Decoded {
    const fabric = this.#fabric.flush();
    const ftl = this.#ftl.flush();
    if (ftl.records.length === 0) return fabric;
    return { ...fabric, records: [...fabric.records, ...ftl.records] };
  }

  newFile(): void {
    this.#ftl.newFile?.();
  }

  snapshot(): z.infer<typeof Inner> {
    return { ftl: this.#ftl.snapshot(), fabric: this.#fabric.snapshot() };
  }
}
