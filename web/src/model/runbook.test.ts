import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Inline, readInline, readRunbook } from './runbook.ts';

const FOLDER = fileURLToPath(new URL('../../../docs/runbooks/', import.meta.url));
const plain = (parts: readonly Inline[]) => parts.map((part) => (typeof part === 'string' ? part : part.text)).join('');

test('code, emphasis and links', () => {
  expect(readInline('see `curl X`, *Height* and [FtlPeerDown](FtlPeerDown.md).')).toEqual([
    'see ',
    { kind: 'code', text: 'curl X' },
    ', ',
    { kind: 'emphasis', text: 'Height' },
    ' and ',
    { kind: 'link', text: 'FtlPeerDown', to: 'FtlPeerDown.md' },
    '.',
  ]);
});

test('headings, paragraphs, lists and code', () => {
  expect(readRunbook('# A\n\ntext\n\n1. one\n2. two\n\n- x\n\n```sh\nls\n\nps\n```\nend')).toEqual([
    { kind: 'heading', level: 1, text: ['A'] },
    { kind: 'paragraph', text: ['text'] },
    { kind: 'list', ordered: true, items: [['one'], ['two']] },
    { kind: 'list', ordered: false, items: [['x']] },
    { kind: 'code', text: 'ls\n\nps' },
    { kind: 'paragraph', text: ['end'] },
  ]);
});

test.each(readdirSync(FOLDER))('nothing of %s is shown as Markdown', (file) => {
  const blocks = readRunbook(readFileSync(`${FOLDER}${file}`, 'utf8'));
  expect(blocks[0]).toMatchObject({ kind: 'heading', level: 1, text: [file.replace('.md', '')] });
  const texts = blocks.flatMap((block) =>
    block.kind === 'code' ? [] : block.kind === 'list' ? block.items.map(plain) : [plain(block.text)],
  );
  for (const text of texts) expect(text).not.toMatch(/^[#|>]|`|\]\(|^\s*[-*] /);
});
