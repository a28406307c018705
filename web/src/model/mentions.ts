/** `at`: where in the text it begins. */
export type Mention = string | { readonly at: number; readonly id: string; readonly name: string };

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/**
 * A text with the names in it told apart: `peer0.org1 received block 4` gives `{at, id, name}` and the rest. A name counts where no longer
 * word holds it.
 *
 * @param names by ID
 */
export function mentionsIn(text: string, names: ReadonlyMap<string, string>): Mention[] {
  const ids = new Map([...names].map(([id, name]) => [name, id]));
  ids.delete('');
  if (ids.size === 0) return [text];
  const any = [...ids.keys()].toSorted((a, b) => b.length - a.length).map(escaped);
  const found = new RegExp(String.raw`(?<![\w@-]|[\w-][./:])(?:${any.join('|')})(?![\w@-]|[./:][\w-])`, 'g');
  const parts: Mention[] = [];
  let end = 0;
  for (const { 0: name, index } of text.matchAll(found)) {
    if (index > end) parts.push(text.slice(end, index));
    parts.push({ at: index, id: ids.get(name) ?? name, name });
    end = index + name.length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}
