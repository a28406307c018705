/** A channel that takes no more blocks, as health checks name it. */
export interface FailedChannel {
  readonly component: string;
  readonly reason: string;
}

/** Which of a peer's channels cannot go on: those that could not be opened at its start, and those that failed since. */
export class ChannelHealth {
  readonly #open = new Map<string, { readonly failure: string | null }>();
  readonly #notOpened = new Map<string, string>();
  #starting = true;

  opened(channel: { readonly channelId: string; readonly failure: string | null }): void {
    this.#open.set(channel.channelId, channel);
    this.#notOpened.delete(channel.channelId);
  }

  /** What fails later is a channel that is open, and tells of itself, or one that was to be joined and is none of the peer's. */
  failed(channelId: string, error: unknown): void {
    if (this.#starting) {
      this.#notOpened.set(channelId, error instanceof Error ? error.message : String(error));
    }
  }

  /** All channels were opened that can be. */
  allOpen(): void {
    this.#starting = false;
  }

  check(): readonly FailedChannel[] {
    const open = Array.from(this.#open, ([channelId, { failure }]) => [channelId, failure] as const);
    return [...open, ...this.#notOpened].flatMap(([channelId, failure]) =>
      failure === null ? [] : [{ component: `channel ${channelId}`, reason: failure }],
    );
  }
}
