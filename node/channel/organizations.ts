import type { msp } from '@hyperledger/fabric-protos';
import { MspError } from '#node/msp/mspError.ts';
import { readMspConfig } from '#node/msp/mspDefinition.ts';
import { MspManager } from '#node/msp/mspManager.ts';
import type { MspVersion } from '#node/msp/mspVersion.ts';
import { X509Msp } from '#node/msp/x509Msp.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { ChannelError } from './channelError.ts';
import { type ConfigGroup, sameBytes } from './configGroup.ts';
import {
  APPLICATION_ORGANIZATION_VALUES,
  ORDERER_ORGANIZATION_VALUES,
  ORGANIZATION_VALUES,
  readValues,
} from './values.ts';

export interface Organization {
  /** Of its group in the configuration; often, but not always, the MSP ID. */
  readonly name: string;
  readonly mspId: string;
}

export interface ApplicationOrganization extends Organization {
  readonly anchorPeers: readonly { readonly host: string; readonly port: number }[];
}

export interface OrdererOrganization extends Organization {
  /** `host:port`. */
  readonly endpoints: readonly string[];
}

/** Collects the MSPs of a configuration while its organisations are read. */
export class MspCollector {
  readonly #version: MspVersion;
  readonly #msps = new Map<string, { readonly config: Uint8Array; readonly msp: X509Msp }>();

  constructor(version: MspVersion) {
    this.#version = version;
  }

  /**
   * Sets up an organisation's MSP. Two organisations may share one, but only with the same definition.
   * @returns the MSP ID
   * @throws ChannelError `bad_msp`
   */
  add(config: msp.MSPConfig | null, path: string): string {
    const element = `[Value] ${path}/MSP`;
    if (config === null) {
      throw new ChannelError('bad_msp', element, 'the organisation has no MSP');
    }
    const bytes = config.getConfig_asU8();
    let one: X509Msp;
    try {
      const definition = readMspConfig(config);
      const before = this.#msps.get(definition.mspId);
      if (before !== undefined && sameBytes(before.config, bytes)) {
        return definition.mspId;
      }
      one = new X509Msp(definition, this.#version);
    } catch (cause) {
      throw cause instanceof MspError || cause instanceof ProtoError
        ? new ChannelError('bad_msp', element, cause.message, { cause })
        : cause;
    }
    if (one.mspId === '') {
      throw new ChannelError('bad_msp', element, 'the MSP has no ID');
    }
    if (this.#msps.has(one.mspId)) {
      throw new ChannelError('bad_msp', element, `MSP ${one.mspId} is defined twice, and not the same`);
    }
    this.#msps.set(one.mspId, { config: bytes, msp: one });
    return one.mspId;
  }

  manager(): MspManager {
    return new MspManager(Array.from(this.#msps.values(), ({ msp: one }) => one));
  }
}

export function readApplicationOrganization(
  name: string,
  group: ConfigGroup,
  path: string,
  msps: MspCollector,
): ApplicationOrganization {
  refuseSubgroups(group, path);
  const values = readValues(group, path, APPLICATION_ORGANIZATION_VALUES);
  return {
    name,
    mspId: msps.add(values.MSP, path),
    anchorPeers: (values.AnchorPeers?.getAnchorPeersList() ?? []).map((peer) => ({
      host: peer.getHost(),
      port: peer.getPort(),
    })),
  };
}

export function readOrdererOrganization(
  name: string,
  group: ConfigGroup,
  path: string,
  msps: MspCollector,
  options: { readonly endpointsAllowed: boolean },
): OrdererOrganization {
  refuseSubgroups(group, path);
  if (!options.endpointsAllowed && group.values.has('Endpoints')) {
    throw new ChannelError(
      'capability_order',
      `[Value] ${path}/Endpoints`,
      'an organisation cannot list endpoints until the channel has capability V1_4_2',
    );
  }
  const values = readValues(group, path, ORDERER_ORGANIZATION_VALUES);
  return { name, mspId: msps.add(values.MSP, path), endpoints: values.Endpoints?.getAddressesList() ?? [] };
}

export function readConsortiumOrganization(
  name: string,
  group: ConfigGroup,
  path: string,
  msps: MspCollector,
): Organization {
  refuseSubgroups(group, path);
  return { name, mspId: msps.add(readValues(group, path, ORGANIZATION_VALUES).MSP, path) };
}

function refuseSubgroups(group: ConfigGroup, path: string): void {
  if (group.groups.size > 0) {
    throw new ChannelError('disallowed_group', `[Group] ${path}`, 'an organisation cannot hold groups');
  }
}
