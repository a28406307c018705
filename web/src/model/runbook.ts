/** A piece of a line. */
export type Inline =
  | string
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'emphasis'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly to: string };

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly text: readonly Inline[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: 'code'; readonly text: string };

/** As much of Markdown as runbooks are written in: headings, paragraphs, flat lists, code, emphasis and links. */
export function readRunbook(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  let items: Inline[][] | null = null;
  for (let at = 0; at < lines.length; at++) {
    const line = (lines[at] ?? '').trimEnd();
    const [, marks, heading] = /^(#{1,4}) (.+)$/.exec(line) ?? [];
    const [, bullet, item] = /^(-|\d+\.) (.+)$/.exec(line) ?? [];
    if (bullet !== undefined && item !== undefined) {
      if (items === null) {
        items = [];
        blocks.push({ kind: 'list', ordered: bullet !== '-', items });
      }
      items.push(readInline(item));
      continue;
    }
    items = null;
    if (line.startsWith('```')) {
      const end = lines.findIndex((other, index) => index > at && other.startsWith('```'));
      const last = end < 0 ? lines.length : end;
      blocks.push({ kind: 'code', text: lines.slice(at + 1, last).join('\n') });
      at = last;
    } else if (marks !== undefined && heading !== undefined) {
      blocks.push({ kind: 'heading', level: marks.length, text: readInline(heading) });
    } else if (line !== '') {
      blocks.push({ kind: 'paragraph', text: readInline(line) });
    }
  }
  return blocks;
}

export function readInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let end = 0;
  for (const match of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\(([^)\s]+)\)/g)) {
    const [whole, code, strong, emphasis, label, to] = match;
    if (match.index > end) parts.push(text.slice(end, match.index));
    if (code !== undefined) parts.push({ kind: 'code', text: code });
    else if (label !== undefined && to !== undefined) parts.push({ kind: 'link', text: label.replaceAll('`', ''), to });
    else parts.push({ kind: 'emphasis', text: strong ?? emphasis ?? '' });
    end = match.index + whole.length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}
