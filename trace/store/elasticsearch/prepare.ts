import { StoreError } from '../errors.ts';
import type { Cluster } from './cluster.ts';
import type { FollowerDocument, MarkDocument } from './documents.ts';
import { FOLLOWER_ID, markId, nextBehind, SCHEMA_VERSION } from './indices.ts';
import { templatesOf } from './mappings.ts';

/** The follower document and its version in Elasticsearch. */
interface Found {
  readonly _source?: FollowerDocument;
  readonly _seq_no?: number;
  readonly _primary_term?: number;
}

/** What is lacking of a store. */
interface Lack {
  /** Aliases behind which nothing can be written, and the index that is to take it. */
  readonly aliases: readonly { readonly alias: string; readonly next: string; readonly isEmpty: boolean }[];
  readonly indices: readonly string[];
}

/**
 * Makes what is not there yet: templates, the first index behind each alias, the other indices. What somebody has deleted since is made
 * again. Several processes may do so at once; what one finds there it leaves. With `mustExist` nothing is made.
 * @throws StoreError `newer_version`, `cannot_open`, `not_a_store`
 */
export async function prepare(cluster: Cluster, options: { readonly mustExist: boolean }): Promise<void> {
  const { names } = cluster;
  const { location } = cluster.connection;
  const { body: found } = await cluster.send<Found>({
    method: 'GET',
    path: `/${names.state}/_doc/${FOLLOWER_ID}`,
    accept: [404],
  });
  const { _source: follower } = found;
  const version = follower?.schemaVersion;
  if (version !== undefined && version > SCHEMA_VERSION) {
    throw new StoreError(
      'newer_version',
      `${location} has schema version ${version}, this program knows up to ${SCHEMA_VERSION}: update it.`,
    );
  }
  if (version === undefined && options.mustExist) {
    throw new StoreError('cannot_open', `There is no store at ${location}.`);
  }
  const lack = await lackOf(cluster, follower?.positions ?? {});
  if (version === SCHEMA_VERSION && lack.aliases.length === 0 && lack.indices.length === 0) return;
  if (options.mustExist) {
    const gone = [...lack.aliases.map(({ alias }) => alias), ...lack.indices].join(', ');
    throw new StoreError('cannot_open', `${location} is no whole store: ${gone} ${ARE_GONE}`);
  }
  await putTemplates(cluster);
  for (const { alias, next } of lack.aliases) {
    await make(cluster, next, { aliases: { [alias]: { is_write_index: true } } });
  }
  for (const index of lack.indices) await make(cluster, index, {});
  // Last: who finds it finds everything.
  await (version === undefined ? putFollower(cluster) : summariseAnew(cluster, found, lack));
}

const ARE_GONE = 'cannot be found. Whoever writes into it makes that again.';

const BEGINNING: FollowerDocument = {
  kind: 'follower',
  schemaVersion: SCHEMA_VERSION,
  turn: 1,
  holder: null,
  revision: 0,
  given: 0,
  positions: {},
  prefixLengths: [],
  unclean: false,
};

async function putFollower(cluster: Cluster): Promise<void> {
  const { names } = cluster;
  const body = { size: 0, aggs: { highest: { max: { field: 'revision' } } } };
  const answers = await cluster.searches([names.traces, names.blocks].map((index) => ({ index, body })));
  // None, unless somebody has deleted the document: then revisions go on where they were.
  const given = Math.max(
    ...answers.map(({ aggregations }) => (aggregations['highest'] as { value: number | null } | undefined)?.value ?? 0),
  );
  await cluster.send({
    method: 'PUT',
    path: `/${names.state}/_create/${FOLLOWER_ID}`,
    query: { refresh: true },
    body: { ...BEGINNING, given, revision: given } satisfies FollowerDocument,
    accept: [409],
  });
}

/** After somebody has deleted a part: what is left of the records is read again; summaries that stand on nothing any more go. */
async function summariseAnew(cluster: Cluster, found: Found, { aliases }: Lack): Promise<void> {
  const { names } = cluster;
  const { _source: before = BEGINNING, _seq_no: seqNo = -1, _primary_term: primaryTerm = -1 } = found;
  if (aliases.some(({ isEmpty }) => isEmpty)) {
    const document: MarkDocument = { kind: 'mark', mark: { what: 'all' } };
    const action = { index: { _index: names.state, _id: markId(document.mark) } };
    await cluster.write(`${JSON.stringify(action)}\n${JSON.stringify(document)}\n`, [names.state]);
  }
  // Where another process has moved on meanwhile, it has found what is gone as well, or finds it at its next start.
  await cluster.send({
    method: 'PUT',
    path: `/${names.state}/_doc/${FOLLOWER_ID}`,
    query: { if_seq_no: seqNo, if_primary_term: primaryTerm, refresh: true },
    body: { ...before, turn: before.turn + 1, positions: {} } satisfies FollowerDocument,
    accept: [409],
  });
}

async function putTemplates(cluster: Cluster): Promise<void> {
  const { components, custom, indices } = templatesOf(cluster.names);
  const isThere = await cluster.send({ method: 'HEAD', path: `/_component_template/${custom.name}`, accept: [404] });
  for (const { name, body } of isThere.status === 404 ? [...components, custom] : components) {
    await cluster.send({ method: 'PUT', path: `/_component_template/${name}`, body });
  }
  for (const { name, body } of indices) await cluster.send({ method: 'PUT', path: `/_index_template/${name}`, body });
}

type Aliases = Readonly<Record<string, { readonly is_write_index?: boolean }>>;

async function lackOf(cluster: Cluster, positions: FollowerDocument['positions']): Promise<Lack> {
  const { names, connection } = cluster;
  const rolled = [names.records, names.traces];
  const single = [names.network, names.blocks, names.state];
  const { body, status } = await cluster.send<Readonly<Record<string, { readonly aliases: Aliases }>>>({
    method: 'GET',
    path: `/${[...rolled, ...single].join()}/_alias`,
    query: { ignore_unavailable: true },
    accept: [403, 404],
  });
  // Who may not look, may not make anything either.
  if (status === 403) return { aliases: [], indices: [] };
  const there = status === 404 ? {} : body;
  const aliases = rolled.flatMap((alias) => {
    if (Object.hasOwn(there, alias)) throw new StoreError('not_a_store', isNoAlias(connection.location, alias));
    const behind = Object.entries(there).filter(([, { aliases: of }]) => Object.hasOwn(of, alias));
    if (behind.some(([, { aliases: of }]) => of[alias]?.is_write_index === true)) return [];
    const known = [...behind.map(([index]) => index), ...Object.keys(positions)];
    return [{ alias, next: nextBehind(alias, known), isEmpty: behind.length === 0 }];
  });
  return { aliases, indices: single.filter((index) => !Object.hasOwn(there, index)) };
}

function isNoAlias(location: string, alias: string): string {
  return `${location}: ${alias} is an index and must be an alias. Something wrote to that name before there was a store, and Elasticsearch made an index of it, without a mapping: delete it, start FTL before whatever else writes, and set action.auto_create_index: "-${alias},+*" in Elasticsearch.`;
}

async function make(cluster: Cluster, index: string, body: object): Promise<void> {
  const made = await cluster.send<{ error?: { type?: string; reason?: string } }>({
    method: 'PUT',
    path: `/${index}`,
    query: { wait_for_active_shards: 1 },
    body,
    accept: [400],
  });
  const { error } = made.body;
  if (made.status === 400 && error?.type !== 'resource_already_exists_exception') {
    throw new StoreError('not_a_store', `${cluster.connection.location}: ${index} cannot be made (${error?.reason}).`);
  }
}
