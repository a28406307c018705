import { ChannelError, type ChannelErrorCode } from '#node/channel/channelError.ts';

const READ_SET = 'error authorizing update: error validating ReadSet';
const DELTA_SET = 'error authorizing update: error validating DeltaSet';

/** Before its reason Fabric (`common/configtx`, `common/channelconfig`) says where it was found. */
const CONTEXT: Partial<Record<ChannelErrorCode, string>> = {
  wrong_channel: 'error authorizing update',
  stale_read_set: READ_SET,
  empty_update: DELTA_SET,
  bad_mod_policy: DELTA_SET,
  wrong_version: DELTA_SET,
  missing_policy: DELTA_SET,
  policy_not_satisfied: DELTA_SET,
  incomplete_write_set: 'error authorizing update: full config did not verify',
  wrong_type: 'error converting envelope to config update',
  malformed: 'error converting envelope to config update',
};

/** Why an update is refused, in Fabric's words where they are known, else with the beginning of its message. */
export function configUpdateText(error: Error): string {
  if (!(error instanceof ChannelError)) {
    return error.message;
  }
  const context = CONTEXT[error.code];
  const reason = error.words ?? error.message;
  return context === undefined ? reason : `${context}: ${reason}`;
}
