import { type Endpoint, send, type Waiting } from './elastic.ts';

/** Passwords that the setup gives, one for each service, so that each can be taken away alone. */
export interface Passwords {
  /** Undefined where something else keeps it (ECK does). */
  readonly kibana: string | undefined;
  readonly ftl: string;
  readonly logstash: string;
}

/** What FTL keeps its data in; its roles reach nothing else. */
const FTL_INDICES = ['ftl-*'];
const RECORDS = ['ftl-records*', 'ftl-network'];

/** FTL: makes its templates and indices, writes, reads, rolls over, drops. */
export const FTL_ROLE = {
  cluster: ['monitor', 'manage_index_templates', 'manage_ilm'],
  indices: [{ names: FTL_INDICES, privileges: ['all'] }],
};

/**
 * Logstash: adds records and nothing else. It may make no index, so that a record that comes before FTL has made them waits instead of
 * landing in an index without a mapping.
 */
export const LOGSTASH_ROLE = {
  cluster: ['monitor'],
  indices: [{ names: RECORDS, privileges: ['create_doc', 'view_index_metadata'] }],
};

/** Who looks at the records in Kibana without being a superuser. */
export const READER_ROLE = {
  cluster: [],
  indices: [{ names: FTL_INDICES, privileges: ['read', 'view_index_metadata'] }],
};

/**
 * Gives each service its user, with the least that it needs. Idempotent: a second run sets the same again, so that a password changed
 * in the environment is changed in the cluster.
 */
export async function secureCluster(endpoint: Endpoint, passwords: Passwords, waiting: Waiting): Promise<void> {
  const steps = [
    { path: '/_security/role/ftl', body: FTL_ROLE },
    { path: '/_security/role/ftl_logstash', body: LOGSTASH_ROLE },
    { path: '/_security/role/ftl_reader', body: READER_ROLE },
    { path: '/_security/user/ftl', body: { password: passwords.ftl, roles: ['ftl'] } },
    { path: '/_security/user/ftl_logstash', body: { password: passwords.logstash, roles: ['ftl_logstash'] } },
    ...(passwords.kibana === undefined
      ? []
      : [{ path: '/_security/user/kibana_system/_password', body: { password: passwords.kibana } }]),
  ];
  for (const step of steps) await send(endpoint, { method: 'POST', ...step }, waiting);
}
