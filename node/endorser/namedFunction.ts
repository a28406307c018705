import type { ChaincodeInputMessage } from '#node/protos/proposalMessages.ts';

const PRINTABLE = /^[\x20-\x7e]+$/;
const MAX_FUNCTION = 256;

/** The first argument where it reads as a name (printable ASCII, at most 256 characters), as a trace shows it. */
export function namedFunction({ args: [first] }: ChaincodeInputMessage): { readonly function?: string } {
  if (first === undefined || first.length === 0 || first.length > MAX_FUNCTION) {
    return {};
  }
  const text = Buffer.from(first.buffer, first.byteOffset, first.byteLength).toString('latin1');
  return PRINTABLE.test(text) ? { function: text } : {};
}
