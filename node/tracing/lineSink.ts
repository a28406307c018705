/** Where lines go, in the order in which they are given. Only one call at a time, except for `writeSync`. */
export interface LineSink {
  /** Called before each batch of whole lines: the place to begin another file. Never throws. */
  beginBatch(): void;
  /** Writes what it can. @returns octets written; what is left is given again */
  write(bytes: Uint8Array): Promise<number>;
  /**
   * At the end of the process, when nothing can be waited for: writes all, or as much as goes.
   * @param inFlight what a `write` that has not come back was given; empty for none
   * @param rest what comes after it
   * @returns octets written of both
   */
  writeSync(inFlight: Uint8Array, rest: Uint8Array): number;
  /** Makes sure of what was written, then lets go of the file. */
  close(): Promise<void>;
}
