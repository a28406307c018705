/** What stands for all values that came after the limit was reached. */
export const OTHER = 'other';

/**
 * Values that one label may have. They come from logs, and whoever can write a log could invent new ones without end: the first
 * `limit` keep their names, the rest is told together as `other`.
 */
export class BoundedLabels {
  readonly #limit: number;
  readonly #known = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  value(text: string): string {
    if (this.#known.has(text)) return text;
    if (this.#known.size >= this.#limit) return OTHER;
    this.#known.add(text);
    return text;
  }
}
