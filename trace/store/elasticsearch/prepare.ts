import { StoreError } from '../errors.ts';
import type { Cluster } from './cluster.ts';
import type { FollowerDocument } from './documents.ts';
import { firstBehind, FOLLOWER_ID, SCHEMA_VERSION } from './indices.ts';
import { templatesOf } from './mappings.ts';

/**
 * Makes what is not there yet: templates, the first index behind each alias, the other indices. Several processes may do so at
 * once; what one finds there it leaves. With `mustExist` nothing is made.
 * @throws StoreError `newer_version`, `cannot_open`, `not_a_store`
 */
export async function prepare(cluster: Cluster, options: { readonly mustExist: boolean }): Promise<void> {
  const { names } = cluster;
  const { location } = cluster.connection;
  const state = await cluster.send<{ found?: boolean; _source?: FollowerDocument }>({
    method: 'GET',
    path: `/${names.state}/_doc/${FOLLOWER_ID}`,
    accept: [404],
  });
  const { _source: follower } = state.body;
  const version = follower?.schemaVersion;
  if (version !== undefined && version > SCHEMA_VERSION) {
    throw new StoreError(
      'newer_version',
      `${location} has schema version ${version}, this program knows up to ${SCHEMA_VERSION}: update it.`,
    );
  }
  if (version === SCHEMA_VERSION) return;
  if (options.mustExist) throw new StoreError('cannot_open', `There is no store at ${location}.`);
  const { components, custom, indices } = templatesOf(names);
  const isThere = await cluster.send({ method: 'HEAD', path: `/_component_template/${custom.name}`, accept: [404] });
  for (const { name, body } of isThere.status === 404 ? [...components, custom] : components) {
    await cluster.send({ method: 'PUT', path: `/_component_template/${name}`, body });
  }
  for (const { name, body } of indices) await cluster.send({ method: 'PUT', path: `/_index_template/${name}`, body });
  for (const alias of [names.records, names.traces]) {
    await make(cluster, firstBehind(alias), { aliases: { [alias]: { is_write_index: true } } }, alias);
  }
  for (const index of [names.network, names.blocks, names.state]) await make(cluster, index, {}, index);
  const beginning: FollowerDocument = {
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
  // Last: who finds it finds everything.
  await cluster.send({
    method: 'PUT',
    path: `/${names.state}/_create/${FOLLOWER_ID}`,
    query: { refresh: true },
    body: beginning,
    accept: [409],
  });
}

async function make(cluster: Cluster, index: string, body: object, name: string): Promise<void> {
  // Behind an alias there may be later ones, and no first any more.
  const there = await cluster.send({ method: 'HEAD', path: `/${name}`, accept: [404] });
  if (there.status !== 404) return;
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
