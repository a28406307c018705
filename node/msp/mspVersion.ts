/**
 * What an MSP does depends on the channel's capabilities: combined principals and anonymity come with 1.3, administrators and
 * orderers told by their unit with 1.4.3, Ed25519 with 3.0.
 */
export type MspVersion = '1.0' | '1.1' | '1.3' | '1.4.3' | '3.0';

const ORDER: readonly MspVersion[] = ['1.0', '1.1', '1.3', '1.4.3', '3.0'];

export function isAtLeast(version: MspVersion, least: MspVersion): boolean {
  return ORDER.indexOf(version) >= ORDER.indexOf(least);
}

/** The version that a channel's capabilities (those of its root group, not of Orderer or Application) ask for (Fabric, `ChannelProvider.MSPVersion`). */
export function mspVersionOf(channelCapabilities: Iterable<string>): MspVersion {
  const on = new Set(channelCapabilities);
  if (on.has('V3_0')) {
    return '3.0';
  }
  if (on.has('V1_4_3') || on.has('V2_0')) {
    return '1.4.3';
  }
  if (on.has('V1_3') || on.has('V1_4_2')) {
    return '1.3';
  }
  return on.has('V1_1') ? '1.1' : '1.0';
}
