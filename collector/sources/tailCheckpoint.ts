import { z } from 'zod';

/** Files remembered as read to the end. */
export const MAX_DONE = 64;

const Mark = z.object({ dev: z.string(), ino: z.string(), head: z.int().min(0), hash: z.string() });

/** How far a followed stream has come; stored as JSON under `tail:<path>` together with the records that it covers. */
export const TailCheckpoint = z.object({
  v: z.literal(1),
  /** The file in work; null between two files. */
  file: z
    .object({
      mark: Mark,
      /** Of its last change seen, nanoseconds since 1970. */
      mtime: z.string().regex(/^\d+$/),
      /** In bytes of content: everything before it has become records. */
      offset: z.int().min(0),
    })
    .nullable(),
  lines: z.int().min(0),
  /** Files of the stream read to the end, `<head length>:<hash>` each, newest last. */
  done: z.array(z.string()),
  /** Files last changed before this (ns) are older than what has been read. */
  after: z.string().regex(/^\d+$/),
  decoder: z.unknown(),
});
export type TailCheckpoint = z.infer<typeof TailCheckpoint>;

/** Null for a text that no version of ours wrote; the stream is then read again from its beginning, which adds nothing. */
export function parseTailCheckpoint(text: string): TailCheckpoint | null {
  try {
    const parsed = TailCheckpoint.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
