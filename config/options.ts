import { z } from 'zod';

/**
 * Every option of FTL, once: its key in the YAML file, its environment variable (`FTL_` + upper snake case), its flag, its
 * type, default and meaning. The commands' flags, the loader and the generated page `docs/reference/configuration.md` come from here.
 * Precedence: default < file < environment < flag.
 */
export interface OptionSpec<T> {
  readonly type: z.ZodType<T>;
  readonly fallback: NoInfer<T>;
  readonly meaning: string;
  /** How the value is written in help: `<url>`; absent for switches. */
  readonly placeholder?: string;
  /** Several values: repeated flag arguments, commas in the environment, a list in YAML. */
  readonly list?: true;
  /** Never a flag, which everybody on the machine could read, and never shown in a message. */
  readonly secret?: true;
}

const option = <T>(spec: OptionSpec<T>): OptionSpec<T> => spec;
const Strings = z.array(z.string().min(1));
const Duration = z.string().regex(/^\d+(ms|s|m|h|d)$/, 'a number with ms, s, m, h or d, such as 30d');
const HttpUrl = z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' });
const Port = z.coerce.number().int().min(0).max(65_535);

export const OPTIONS = {
  store: option({
    type: z.string().min(1),
    fallback: 'sqlite:ftl-data/ftl.db',
    placeholder: '<url>',
    meaning:
      'Where records are kept: `sqlite:PATH`, or `elasticsearch:http://HOST:9200/PREFIX` (`https://`; more nodes after commas; `elasticsearch:cloud:CLOUD_ID/PREFIX`).',
  }),
  elasticsearchApiKey: option({
    type: z.string(),
    fallback: '',
    secret: true,
    meaning: 'API key (encoded) for a store in Elasticsearch.',
  }),
  elasticsearchApiKeyFile: option({
    type: z.string(),
    fallback: '',
    placeholder: '<file>',
    meaning: 'File with that API key.',
  }),
  elasticsearchUser: option({
    type: z.string(),
    fallback: '',
    placeholder: '<name>',
    meaning: 'User for a store in Elasticsearch, where no API key is used.',
  }),
  elasticsearchPassword: option({ type: z.string(), fallback: '', secret: true, meaning: "That user's password." }),
  elasticsearchPasswordFile: option({
    type: z.string(),
    fallback: '',
    placeholder: '<file>',
    meaning: 'File with that password.',
  }),
  elasticsearchCa: option({
    type: z.string(),
    fallback: '',
    placeholder: '<file>',
    meaning: "Authorities (PEM) of the certificates of Elasticsearch's nodes; empty: those that the system trusts.",
  }),
  elasticsearchRolloverAge: option({
    type: Duration,
    fallback: '7d',
    placeholder: '<duration>',
    meaning: 'Age at which an index of a store in Elasticsearch is left for a new one.',
  }),
  elasticsearchRolloverSize: option({
    type: z.string().regex(/^[1-9]\d*(mb|gb|tb)$/, 'a number with mb, gb or tb, such as 20gb'),
    fallback: '20gb',
    placeholder: '<size>',
    meaning: 'Size of a shard at which that is done earlier.',
  }),
  logs: option({
    type: Strings,
    fallback: [] as string[],
    placeholder: '<glob...>',
    list: true,
    meaning: "Log files to follow, as paths or globs: stock Fabric logs or FTL's own records.",
  }),
  blocks: option({
    type: Strings,
    fallback: [] as string[],
    placeholder: '<path...>',
    list: true,
    meaning: 'Folders or files with raw blocks (`peer channel fetch` writes them); new files are picked up.',
  }),
  deliver: option({
    type: z.union([z.string(), z.array(z.unknown())]),
    fallback: '',
    placeholder: '<file>',
    meaning:
      'Peers whose blocks are followed over gRPC: a YAML file with a list of `{address, tlsRoots, mspId, msp, channels}`, or (in the configuration file) that list itself.',
  }),
  beats: option({
    type: z.string(),
    fallback: '',
    placeholder: '<address>',
    meaning:
      'Where Filebeats and Logstash may ship logs to: `HOST:PORT` over TLS, such as `0.0.0.0:5044`; `tcp://HOST:PORT` for plain text.',
  }),
  beatsCertificate: option({
    type: z.string(),
    fallback: '',
    placeholder: '<file>',
    meaning: 'Certificate (PEM, with its intermediates) shown to those who ship to `beats`.',
  }),
  beatsKey: option({ type: z.string(), fallback: '', placeholder: '<file>', meaning: 'Its private key (PEM).' }),
  beatsClientCa: option({
    type: z.string(),
    fallback: '',
    placeholder: '<file>',
    meaning:
      'Authorities (PEM) one of which must have signed the certificate that a sender shows; empty: none is asked for.',
  }),
  beatsVersions: option({
    type: z.array(z.coerce.string().pipe(z.enum(['1', '2']))).min(1),
    fallback: ['1', '2'] as ('1' | '2')[],
    placeholder: '<version...>',
    list: true,
    meaning:
      "Versions of the lumberjack protocol that are spoken: `2` is Filebeat's, `1` that of Logstash's lumberjack output.",
  }),
  nodes: option({
    type: z.string(),
    fallback: '',
    placeholder: '<file>',
    meaning: '`nodes.yaml`: names, MSP IDs and addresses of nodes, where their logs do not tell.',
  }),
  format: option({
    type: z.enum(['auto', 'ftl', 'fabric']),
    fallback: 'auto',
    placeholder: '<name>',
    meaning: 'How lines are decoded: `auto` looks at each line, `ftl` or `fabric` fix it.',
  }),
  from: option({
    type: z.enum(['beginning', 'end']),
    fallback: 'beginning',
    placeholder: '<where>',
    meaning: 'Where to begin in a file that is met for the first time.',
  }),
  deadLetters: option({
    type: z.string(),
    fallback: '',
    placeholder: '<file>',
    meaning:
      'File for lines that could not be decoded, with the reason; empty: `dead-letters.ndjson` beside the store.',
  }),
  pollInterval: option({
    type: Duration,
    fallback: '250ms',
    placeholder: '<duration>',
    meaning: 'How often followed files are looked at.',
  }),
  checkRecords: option({
    type: z.stringbool().or(z.boolean()),
    fallback: true,
    meaning:
      "Check the numbers, hashes and seals of FTL's own nodes' records, so that missing and altered ones are findings.",
  }),
  metrics: option({
    type: z.union([
      z.literal(''),
      z.string().regex(/^(?:\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i, 'HOST:PORT, such as 127.0.0.1:3851'),
    ]),
    fallback: '',
    placeholder: '<address>',
    meaning:
      'Where a collector without a page (`ftl collect`) answers at /metrics and /healthz, such as `127.0.0.1:3851`; empty: nowhere.',
  }),
  retention: option({
    type: z.union([z.literal(''), Duration]),
    fallback: '',
    placeholder: '<duration>',
    meaning: 'Records older than this are dropped, such as `30d`; empty keeps all.',
  }),
  host: option({
    type: z.string().min(1),
    fallback: '127.0.0.1',
    placeholder: '<address>',
    meaning:
      'Address to listen on. Anything but loopback shows the data to whoever reaches it: there are no accounts yet.',
  }),
  port: option({
    type: Port,
    fallback: 3850,
    placeholder: '<number>',
    meaning: 'Port to listen on; 0 takes a free one.',
  }),
  allowedHosts: option({
    type: Strings,
    fallback: [] as string[],
    placeholder: '<name...>',
    list: true,
    meaning: 'Further host names by which browsers may reach the server (protects against DNS rebinding).',
  }),
  operations: option({
    type: Strings,
    fallback: [] as string[],
    placeholder: '<file...>',
    list: true,
    meaning:
      "Where the nodes' operations services are: files (JSON or YAML) as Prometheus' `file_sd_configs` reads them, with the labels `node`, `msp`, `kind` (`peer`, `orderer`) and, for TLS, `__scheme__: https` (behind a proxy `__metrics_path__`, which ends with `/metrics`). `ftl network create` writes one. Pages show health, metrics, log specification and alerts of these nodes.",
  }),
  operationsCa: option({
    type: z.string(),
    fallback: '',
    placeholder: '<file>',
    meaning:
      "Authorities (PEM) of the operations services' certificates; empty: those that the system trusts. For Prometheus and Alertmanager they count beside the system's.",
  }),
  operationsCertificate: option({
    type: z.string(),
    fallback: '',
    placeholder: '<file>',
    meaning: 'Certificate (PEM) shown to operations services with TLS: they ask for one at /metrics and /logspec.',
  }),
  operationsKey: option({ type: z.string(), fallback: '', placeholder: '<file>', meaning: 'Its private key (PEM).' }),
  prometheusUrl: option({
    type: z.union([z.literal(''), HttpUrl]),
    fallback: '',
    placeholder: '<url>',
    meaning:
      "Prometheus that scrapes the nodes, for the panels of their metrics; empty: FTL reads the nodes' metrics itself and keeps the last hour in memory.",
  }),
  alertmanagerUrl: option({
    type: z.union([z.literal(''), HttpUrl]),
    fallback: '',
    placeholder: '<url>',
    meaning:
      'Alertmanager whose active alerts are shown; empty: those of `prometheusUrl`, and without that a few simple rules of FTL.',
  }),
  monitoringAuthorization: option({
    type: z.string(),
    fallback: '',
    secret: true,
    meaning: 'Value of the header `Authorization` for Prometheus and Alertmanager, such as `Bearer …`.',
  }),
  open: option({ type: z.stringbool().or(z.boolean()), fallback: true, meaning: 'Open the page in a browser.' }),
  logLevel: option({
    type: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    fallback: 'warn',
    placeholder: '<level>',
    meaning: "Level of FTL's own log on standard error.",
  }),
} as const;

export type OptionKey = keyof typeof OPTIONS;
export type Options = { -readonly [K in OptionKey]: (typeof OPTIONS)[K] extends OptionSpec<infer T> ? T : never };

/** `deadLetters` → `FTL_DEAD_LETTERS`. */
export function environmentName(key: string): string {
  return `FTL_${snake(key).toUpperCase()}`;
}

/** `deadLetters` → `dead-letters`. */
export function flagName(key: string): string {
  return snake(key).replaceAll('_', '-');
}

function snake(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `250ms` → 250. The text must have passed the option's type. */
export function durationMs(text: string): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  if (!match) throw new RangeError(`not a duration: ${text}`);
  return Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN);
}
