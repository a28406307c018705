import { BlockStoreError } from './blockStoreError.ts';

/** Fabric's channel IDs, and upper case, which it had once; never a name that leaves a folder. */
export const CHANNEL_ID = /^[a-zA-Z][a-zA-Z0-9.-]{0,248}$/;

/** @throws BlockStoreError `malformed` */
export function checkedChannelId(channelId: string): string {
  if (!CHANNEL_ID.test(channelId)) {
    throw new BlockStoreError('malformed', `${JSON.stringify(channelId.slice(0, 300))} is no channel ID`);
  }
  return channelId;
}
