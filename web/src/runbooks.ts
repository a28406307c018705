/** The project's runbooks, each loaded when it is opened: also where nothing but FTL can be reached. */
const files = import.meta.glob<string>('../../docs/runbooks/*.md', { query: '?raw', import: 'default' });
const pathOf = (name: string) => `../../docs/runbooks/${name}.md`;

/** Whether there is one for this alert. */
export const hasRunbook = (name: string): boolean => Object.hasOwn(files, pathOf(name));

/** In Markdown; null where there is none. */
export async function loadRunbook(name: string): Promise<string | null> {
  return hasRunbook(name) ? ((await files[pathOf(name)]?.()) ?? null) : null;
}
