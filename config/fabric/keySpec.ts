/** How a key's value is read. */
export type KeyKind =
  | 'text'
  | 'switch'
  | 'count'
  | 'number'
  /** As Go writes durations: `30s`, `1m30s`, `500ms`; a bare number counts nanoseconds. */
  | 'duration'
  /** Bytes: a number, or one with KB, MB, GB (or K, M, G; of 1024). */
  | 'size'
  /** From the folder of the configuration file on. */
  | 'path'
  /** Several, in YAML a list, in an environment variable parted by commas or blanks. */
  | 'texts'
  | 'paths'
  /** A list or a map that is read elsewhere. In an environment variable: YAML. */
  | 'structure';

/**
 * What becomes of a key.
 *
 * - `used`: as in Fabric;
 * - `no effect`: taken, and changes nothing here, `note` says why;
 * - `refused`: a value other than the default ends the start, as the node would do something else than asked.
 */
export type KeyState = 'used' | 'no effect' | 'refused';

export interface KeySpec {
  readonly kind: KeyKind;
  /** As YAML has it; null: none. */
  readonly fallback: unknown;
  readonly state: KeyState;
  readonly note?: string;
}

/** By the name that Fabric's sample files write, parts joined by dots. A name that ends in `.*` stands for all below it. */
export type KeyTable = Readonly<Record<string, KeySpec>>;

const make =
  (state: KeyState) =>
  (kind: KeyKind, fallback: unknown, note?: string): KeySpec => ({
    kind,
    fallback,
    state,
    ...(note === undefined ? {} : { note }),
  });

export const used = make('used');
export const noEffect = make('no effect');
export const refused = make('refused');
