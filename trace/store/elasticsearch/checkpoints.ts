import type { CheckpointDocument } from './documents.ts';
import { stateId } from './indices.ts';
import type { Parts } from './parts.ts';

export async function writeCheckpoints({ cluster }: Parts, checkpoints: ReadonlyMap<string, string>): Promise<void> {
  const { state } = cluster.names;
  const lines: string[] = [];
  for (const [name, value] of checkpoints) {
    const document: CheckpointDocument = { kind: 'checkpoint', name, value };
    lines.push(
      JSON.stringify({ index: { _index: state, _id: stateId('checkpoint', name) } }),
      JSON.stringify(document),
    );
  }
  if (lines.length > 0) await cluster.write(`${lines.join('\n')}\n`, [state]);
}

/** Chosen here: a name may be longer than a term, and there are a few thousand at most. */
export async function readCheckpoints({ cluster }: Parts, prefix: string): Promise<Map<string, string>> {
  const { state } = cluster.names;
  // Another process, now dead, may have written them a moment ago.
  await cluster.refresh(state);
  const hits = await cluster.all<CheckpointDocument>(state, { query: { term: { kind: 'checkpoint' } } });
  return new Map(
    hits
      .map(({ source }) => source)
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, value }): [string, string] => [name, value])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
