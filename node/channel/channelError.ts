import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a configuration, or a change of it, is not accepted.
 *
 * What cannot be read: `malformed` (bytes that are not the message they should be), `missing` (a part without which it says
 * nothing), `wrong_type` (another kind of envelope), `bad_name` (a channel or an element with a name that Fabric does not allow).
 *
 * A configuration that makes no sense: `unexpected_value`, `disallowed_group`, `bad_value`, `capability_order` (capabilities of
 * one section without those of the orderers), `bad_msp`, `bad_policy`, `unsupported_capability`.
 *
 * An update that does not fit: `wrong_channel`, `wrong_sequence`, `stale_read_set`, `empty_update`, `bad_mod_policy`,
 * `wrong_version`, `missing_policy` (the modification policy of an element does not exist), `policy_not_satisfied`,
 * `incomplete_write_set`, `wrong_result` (the configuration is not what the update makes of the one in force).
 *
 * A new configuration that may not follow the one in force: `section_removed`, `section_added`, `consensus_type_changed`,
 * `msp_id_changed`, `endpoints_missing`; `bad_consenters` (a BFT channel whose BlockValidation policy is not its quorum).
 *
 * `no_difference` (two configurations between which no update leads); `bad_json`.
 */
export type ChannelErrorCode =
  | 'malformed'
  | 'missing'
  | 'wrong_type'
  | 'bad_name'
  | 'unexpected_value'
  | 'disallowed_group'
  | 'bad_value'
  | 'capability_order'
  | 'bad_msp'
  | 'bad_policy'
  | 'unsupported_capability'
  | 'wrong_channel'
  | 'wrong_sequence'
  | 'stale_read_set'
  | 'empty_update'
  | 'bad_mod_policy'
  | 'wrong_version'
  | 'missing_policy'
  | 'policy_not_satisfied'
  | 'incomplete_write_set'
  | 'wrong_result'
  | 'section_removed'
  | 'section_added'
  | 'consensus_type_changed'
  | 'msp_id_changed'
  | 'endpoints_missing'
  | 'bad_consenters'
  | 'no_difference'
  | 'bad_json';

export interface ChannelErrorOptions extends ErrorOptions {
  readonly words?: string;
}

/** The one error of this folder. */
export class ChannelError extends CodedError<ChannelErrorCode> {
  override readonly name = 'ChannelError';
  /** The sentence that Fabric has for it, for those who look for its words; null where it is not known. */
  readonly words: string | null;
  /** The element in question, e.g. `[Value] /Channel/Orderer/BatchSize`; null where it is the whole. */
  readonly path: string | null;

  constructor(code: ChannelErrorCode, path: string | null, detail: string, options?: ChannelErrorOptions) {
    super(code, path === null ? detail : `${path}: ${detail}`, options);
    this.words = options?.words ?? null;
    this.path = path;
  }
}
