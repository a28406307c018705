import { lengthTag, varintTag, WireScanner } from './wireScanner.ts';

const scanner = new WireScanner();
const [INT64, BYTES, STRING] = [varintTag(1), lengthTag(2), lengthTag(3)];

/** `lifecycle.StateData`: a number, text, or bytes (of a message, serialised). */
export type StateDataMessage =
  | { readonly int64: number }
  | { readonly string: string }
  | { readonly bytes: Uint8Array };

/** Read by hand: each proposal reads one. Null where it holds nothing. @throws ProtoError */
export function readStateData(bytes: Uint8Array): StateDataMessage | null {
  const reader = scanner.start(bytes, 'lifecycle.StateData');
  let data: StateDataMessage | null = null;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    // Of what it may hold the last one counts.
    if (tag === INT64) {
      data = { int64: reader.int64() };
    } else if (tag === BYTES) {
      data = { bytes: reader.bytes() };
    } else if (tag === STRING) {
      data = { string: reader.text() };
    } else {
      reader.skip();
    }
  }
  return data;
}
