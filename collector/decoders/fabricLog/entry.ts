/** One entry of a stock Go log, whichever format it was written in. */
export interface Entry {
  /** `YYYY-MM-DDTHH:MM:SS.ffffffZ`. */
  readonly time: string;
  /** `debug`, `info`, `warn`, `error`, `dpanic`, `panic`, `fatal`. */
  readonly level: string;
  readonly logger: string;
  /** The message; in console format its structured fields still follow it, since nothing marks where they begin. */
  readonly message: string;
  /** Where in the source it was written: `file.go:12` (JSON) or the function's name (console). */
  readonly caller: string;
  /** A structured field as text; undefined if the entry has none of that name. */
  field(name: string): string | undefined;
}

/** Where a line's logger and message stand, found without parsing the line. */
export interface Located {
  readonly logger: string;
  /** Offset of the message's first character in the line. */
  readonly at: number;
}

/** Largest text that is parsed, in characters; a longer line of interest becomes a dead letter. */
export const MAX_LINE = 1_000_000;
