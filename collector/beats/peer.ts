/** How far a connection has come with what its sender has put on it. */
export interface Progress {
  /** Whole windows received so far. */
  readonly windows: number;
  /** How often all that had come was read, at the end of a window. */
  readonly rests: number;
  /** Whether that is so now, or nothing is read until lines that wait are through. */
  readonly isResting: boolean;
  readonly isClosed: boolean;
}

/** The connections from one address: most likely of one sender, which may spread a file's lines over them. */
export class Peer {
  readonly #connections = new Set<Progress>();

  get size(): number {
    return this.#connections.size;
  }

  add(connection: Progress): void {
    this.#connections.add(connection);
  }

  delete(connection: Progress): void {
    this.#connections.delete(connection);
  }

  /**
   * Tells when what the connections are in the middle of now has been read: each has rested, or has finished the window in work
   * and the next, or is closed. Null if there is nothing to be awaited.
   */
  underWay(): (() => boolean) | null {
    const busy = [...this.#connections]
      .filter((connection) => !connection.isResting)
      .map((connection) => ({ connection, rests: connection.rests, windows: connection.windows }));
    if (busy.length === 0) return null;
    return () =>
      busy.every(
        ({ connection, rests, windows }) =>
          connection.isClosed || connection.isResting || connection.rests > rests || connection.windows > windows + 1,
      );
  }
}
