import { messageFields } from './messageFields.ts';
import type { MessageType } from './strictReader.ts';

const masks = new Map<unknown, number>();

/** Bit `n` is set where field `n` of a generated class holds at most one message. */
export function singularMask(type: unknown): number {
  let mask = masks.get(type);
  if (mask === undefined) {
    mask = 0;
    for (const [number, { message, isRepeated }] of messageFields(type as MessageType<object>)) {
      if (message !== null && !isRepeated) {
        mask |= 1 << number;
      }
    }
    masks.set(type, mask);
  }
  return mask;
}
