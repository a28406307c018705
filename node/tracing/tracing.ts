import { NodeTracer } from './nodeTracer.ts';
import { RecordWriter, type RecordWriterModules, type RecordWriterOptions } from './recordWriter.ts';
import { NO_TRACER, type Tracer } from './tracer.ts';

/** Off, or how records are written. */
export type TracingOptions = { readonly enabled: false } | ({ readonly enabled: true } & RecordWriterOptions);

/** A node's tracing: what the rooms are given, and what the node's end waits for. */
export interface Tracing extends AsyncDisposable {
  readonly tracer: Tracer;
  /** Null where tracing is off. */
  readonly writer: RecordWriter | null;
  /** Never rejects. @returns whether all records so far have reached their destination */
  flush(): Promise<boolean>;
  /** Last of all that a node stops: the rooms record until they are at rest. Never rejects. */
  close(): Promise<void>;
}

const OFF: Tracing = {
  tracer: NO_TRACER,
  writer: null,
  flush: () => Promise.resolve(true),
  close: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** @throws what the file system says of the destination */
export function openTracing(options: TracingOptions, modules: RecordWriterModules): Tracing {
  if (!options.enabled) {
    return OFF;
  }
  const writer = RecordWriter.open(options, modules);
  return {
    tracer: new NodeTracer({ writer }),
    writer,
    flush: () => writer.flush(),
    close: () => writer.close(),
    [Symbol.asyncDispose]: () => writer.close(),
  };
}
