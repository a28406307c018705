import { StoreError } from '../errors.ts';

/** Where a store is: the nodes of its cluster and what the names of its indices begin with. */
export interface ElasticsearchAddress {
  /** `http://host:9200`, one or more; none where `cloudId` tells. */
  readonly nodes: readonly string[];
  readonly cloudId: string | null;
  readonly prefix: string;
}

const DEFAULT_PREFIX = 'ftl';
/** What index names may begin with (lower case, no wildcard, no comma), so short that no index name gets longer than 255 bytes. */
const PREFIX = /^[a-z0-9][a-z0-9._-]{0,99}$/;
const HOW =
  'write elasticsearch:http://HOST:9200, elasticsearch:https://HOST:9200/PREFIX (more nodes after commas) or elasticsearch:cloud:CLOUD_ID/PREFIX';

/**
 * `elasticsearch:` and `http://host:9200` or `https://…`, further nodes separated by commas, or `cloud:` and a cloud ID; then
 * `/prefix`, `ftl` unless told. Credentials stand elsewhere: a URL is shown in logs, on pages and in lists of processes.
 * @throws StoreError `unsupported_url`
 */
export function parseElasticsearchUrl(url: string): ElasticsearchAddress {
  const rest = url.replace(/^elasticsearch:/i, '');
  if (/^cloud:/i.test(rest)) {
    const [cloudId = '', prefix, ...more] = rest.slice('cloud:'.length).split('/');
    if (!/^[^:]*:[A-Za-z0-9+=]+$/.test(cloudId) || more.length > 0) throw unusable(`"${url}" holds no cloud ID`);
    return { nodes: [], cloudId, prefix: prefixOf(prefix) };
  }
  const nodes: string[] = [];
  let prefix: string | undefined;
  for (const text of rest.split(',')) {
    // Later nodes may leave out the scheme of the first.
    const whole =
      /^[a-z]+:\/\//i.test(text) || nodes.length === 0 ? text : `${new URL(nodes[0] ?? '').protocol}//${text}`;
    const node = parse(whole);
    if (node === null) throw unusable('The store URL names no node');
    if (node.username !== '' || node.password !== '') {
      throw new StoreError(
        'unsupported_url',
        'The store URL holds credentials, and URLs are shown in logs and lists of processes: set FTL_ELASTICSEARCH_USER and FTL_ELASTICSEARCH_PASSWORD, or FTL_ELASTICSEARCH_API_KEY.',
      );
    }
    if (node.search !== '' || node.hash !== '') throw unusable('The store URL has more than nodes and a prefix');
    const path = node.pathname.replaceAll(/^\/|\/$/g, '');
    if (path !== '') prefix = path;
    nodes.push(node.origin);
  }
  return { nodes, cloudId: null, prefix: prefixOf(prefix) };
}

/** The URL that gives this address; nothing in it is secret. */
export function formatAddress({ nodes, cloudId, prefix }: ElasticsearchAddress): string {
  return `elasticsearch:${cloudId === null ? nodes.join(',') : `cloud:${cloudId}`}/${prefix}`;
}

function parse(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null;
}

function prefixOf(text: string | undefined): string {
  const prefix = text === undefined || text === '' ? DEFAULT_PREFIX : text;
  if (PREFIX.test(prefix)) return prefix;
  throw unusable(
    `"${prefix}" cannot begin the names of indices: lower-case letters, digits, ".", "_" and "-", at most 100, the first a letter or digit`,
  );
}

function unusable(what: string): StoreError {
  return new StoreError('unsupported_url', `${what}: ${HOW}.`);
}
