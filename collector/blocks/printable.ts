/** Longest text that a record repeats from a block. */
export const MAX_TEXT = 512;

const SIMPLE = /^[\x20-\x5b\x5d-\x7e]*$/;
/** Controls, invisible and direction-changing characters, line separators, what is not assigned; and the escape itself. */
const UNPRINTABLE = /\\|[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Text from a block so that a person can read it in one line: other characters than printable ones as `\u0000` or
 * `\u{10ffff}` (a composite key's separators), a backslash as two, cut at 512 characters with `…`.
 */
export function printable(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).toWellFormed()}…` : text;
  if (SIMPLE.test(short)) {
    return short;
  }
  return short.replace(UNPRINTABLE, (character) => {
    if (character === '\\') {
      return '\\\\';
    }
    const code = (character.codePointAt(0) as number).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
  });
}
