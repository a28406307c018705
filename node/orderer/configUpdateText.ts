import { ChannelError, type ChannelErrorCode } from '#node/channel/channelError.ts';

const READ_SET = 'error authorizing update: error validating ReadSet';
const DELTA_SET = 'error authorizing update: error validating DeltaSet';

/** What Fabric (`common/configtx`) says before its reason, for those who look for its words. */
const CONTEXT: Partial<Record<ChannelErrorCode, string>> = {
  wrong_channel: 'error authorizing update',
  stale_read_set: READ_SET,
  empty_update: `${DELTA_SET}: delta set was empty -- update would have no effect`,
  bad_mod_policy: `${DELTA_SET}: invalid mod_policy for element`,
  wrong_version: DELTA_SET,
  missing_policy: DELTA_SET,
  incomplete_write_set: 'error authorizing update: full config did not verify',
  wrong_type: 'error converting envelope to config update',
  malformed: 'error converting envelope to config update',
};

/** Why an update is refused, with the beginning that Fabric's own message has. */
export function configUpdateText(error: Error): string {
  if (!(error instanceof ChannelError)) {
    return error.message;
  }
  if (error.code === 'policy_not_satisfied') {
    // Fabric writes the element with two spaces after its kind.
    const key = error.path?.replace('] ', ']  ') ?? '';
    return `${DELTA_SET}: policy for ${key} not satisfied: ${error.message}`;
  }
  const context = CONTEXT[error.code];
  return context === undefined ? error.message : `${context}: ${error.message}`;
}
