import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './lineSplitter.ts';

interface Seen {
  readonly text: string;
  readonly offset: number;
  /** Where the splitter says the next line begins, asked while the line is handled. */
  readonly next: number;
}

function split(chunks: readonly Buffer[], limit = 1000): { lines: Seen[]; long: number[] } {
  const lines: Seen[] = [];
  const long: number[] = [];
  const splitter: LineSplitter = new LineSplitter(limit, {
    line: (bytes, start, end, offset) =>
      lines.push({ text: bytes.toString('latin1', start, end), offset, next: splitter.offset }),
    tooLong: (_head, length) => long.push(length),
  });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.finish();
  return { lines, long };
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe('LineSplitter', () => {
  it('gives the same lines and offsets however the bytes are cut into chunks', () => {
    const bytes = fc.array(fc.constantFrom(10, 13, 97, 195, 188, 255, 0), { maxLength: 200 });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 20 }), (content, places) => {
        const whole = Buffer.from(content);
        expect(split(cut(whole, places))).toEqual(split([whole]));
        const { lines } = split([whole]);
        const texts = whole.toString('latin1').split('\n');
        if (texts.at(-1) === '') texts.pop();
        expect(lines.map((line) => line.text)).toEqual(
          texts.map((text, index) => {
            const ended = index < texts.length - 1 || whole.at(-1) === 10;
            return ended || text.endsWith('\r') ? text.replace(/\r$/, '') : text;
          }),
        );
        for (const [index, line] of lines.entries()) expect(line.next).toBe(lines[index + 1]?.offset ?? whole.length);
      }),
    );
  });

  it('gives up lines beyond the limit, whatever the chunks, and goes on behind them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 60 }), { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        (lengths, places) => {
          const whole = Buffer.from(lengths.map((length) => `${'x'.repeat(length)}\n`).join(''));
          const { lines, long } = split(cut(whole, places), 30);
          expect(lines.map((line) => line.text.length)).toEqual(lengths.filter((length) => length <= 30));
          expect(long).toEqual(lengths.filter((length) => length > 30));
        },
      ),
    );
  });
});
