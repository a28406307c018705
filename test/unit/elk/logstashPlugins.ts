import type { Plugin, Section } from './pipelineGrammar.ts';

/**
 * The plugins of Logstash that the pipelines use, with the options that its reference gives for them in release 9 (without those that
 * it calls obsolete), the ones that must be there, and what every plugin of the kind takes.
 */
interface KnownPlugin {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

const COMMON: Readonly<Record<Section['type'], readonly string[]>> = {
  input: ['id', 'add_field', 'codec', 'enable_metric', 'tags', 'type'],
  filter: ['id', 'add_field', 'add_tag', 'enable_metric', 'periodic_flush', 'remove_field', 'remove_tag'],
  output: ['id', 'codec', 'enable_metric'],
};

const KNOWN: Readonly<Record<Section['type'], Readonly<Record<string, KnownPlugin>>>> = {
  input: {
    beats: {
      required: ['port'],
      optional: words(`client_inactivity_timeout enrich event_loop_threads executor_threads host ssl_certificate
        ssl_certificate_authorities ssl_cipher_suites ssl_client_authentication ssl_enabled ssl_handshake_timeout ssl_key
        ssl_key_passphrase ssl_supported_protocols`),
    },
    dead_letter_queue: {
      required: ['path'],
      optional: words('clean_consumed commit_offsets pipeline_id sincedb_path start_timestamp'),
    },
    pipeline: { required: ['address'], optional: [] },
  },
  filter: {
    fingerprint: {
      required: [],
      optional: words(
        'base64encode concatenate_all_fields concatenate_sources ecs_compatibility key method source target',
      ),
    },
    json: { required: ['source'], optional: words('ecs_compatibility skip_on_invalid_json tag_on_failure target') },
    mutate: {
      required: [],
      optional:
        words(`capitalize coerce convert copy gsub join lowercase merge rename replace split strip tag_on_failure
        update uppercase`),
    },
    prune: {
      required: [],
      optional: words('blacklist_names blacklist_values interpolate whitelist_names whitelist_values'),
    },
    ruby: {
      required: [],
      optional: words('code init path script_params tag_on_exception tag_with_exception_message'),
    },
  },
  output: {
    elasticsearch: {
      required: [],
      optional:
        words(`action api_key bulk_path ca_trusted_fingerprint cloud_auth cloud_id compression_level custom_headers data_stream
        data_stream_auto_routing data_stream_dataset data_stream_namespace data_stream_sync_fields data_stream_type
        dlq_custom_codes dlq_on_failed_indexname_interpolation doc_as_upsert document_id drop_error_types ecs_compatibility
        failure_type_logging_whitelist healthcheck_path hosts ilm_enabled ilm_pattern ilm_policy ilm_rollover_alias index
        manage_template parameters parent password path pipeline pool_max pool_max_per_route proxy resurrect_delay
        retry_initial_interval retry_max_interval retry_on_conflict routing script script_lang script_type script_var_name
        scripted_upsert silence_errors_in_log sniffing sniffing_delay sniffing_path ssl_certificate
        ssl_certificate_authorities ssl_cipher_suites ssl_enabled ssl_key ssl_keystore_password ssl_keystore_path
        ssl_keystore_type ssl_supported_protocols ssl_truststore_password ssl_truststore_path ssl_truststore_type
        ssl_verification_mode template template_api template_name template_overwrite timeout upsert user
        validate_after_inactivity version version_type`),
    },
    lumberjack: {
      required: ['hosts', 'port', 'ssl_certificate'],
      optional: words('flush_size idle_flush_time'),
    },
    pipeline: { required: ['send_to'], optional: ['ensure_delivery'] },
  },
};

const CODECS = new Set(['json', 'json_lines', 'line', 'plain']);

/** What is wrong with a plugin's use; empty if nothing is. */
export function faultsOf(type: Section['type'], plugin: Plugin): string[] {
  const known = KNOWN[type][plugin.name];
  if (known === undefined) return [`line ${plugin.line}: no ${type} plugin ${plugin.name} is known here`];
  const names = plugin.options.map(([name]) => name);
  const allowed = new Set([...COMMON[type], ...known.required, ...known.optional]);
  const codec = plugin.options.find(([name]) => name === 'codec')?.[1];
  const codecName = codec?.kind === 'bareword' ? codec.text : codec?.kind === 'plugin' ? codec.plugin.name : undefined;
  return [
    ...names.filter((name) => !allowed.has(name)).map((name) => `${plugin.name} has no option ${name}`),
    ...known.required.filter((name) => !names.includes(name)).map((name) => `${plugin.name} lacks ${name}`),
    ...names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${plugin.name} has ${name} twice`),
    ...(names.includes('id') ? [] : [`${plugin.name} has no id to be seen by in the metrics`]),
    ...(codecName === undefined || CODECS.has(codecName) ? [] : [`no codec ${codecName} is known here`]),
  ].map((fault) => `line ${plugin.line}: ${fault}`);
}

function words(text: string): string[] {
  return text.split(/\s+/);
}
