import { type RecordedSet, vendoredRecording } from '#node/protos/testBlocks.ts';

/** For tests: both recorded channels from block 0 to the last one, 18 blocks of v2.5.9 and 82 of v3.1.5. */
export function wholeRecordings(): readonly RecordedSet[] {
  return [vendoredRecording('v2.5.9'), vendoredRecording('v3.1.5')];
}
