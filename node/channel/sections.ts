import type { MspManager } from '#node/msp/mspManager.ts';
import { AccessControlList } from './aclResources.ts';
import { ApplicationCapabilities, ChannelCapabilities } from './capabilities.ts';
import { ChannelError } from './channelError.ts';
import type { ConfigGroup } from './configGroup.ts';
import { OrdererSection } from './ordererSection.ts';
import {
  type ApplicationOrganization,
  MspCollector,
  type Organization,
  readApplicationOrganization,
  readConsortiumOrganization,
} from './organizations.ts';
import { APPLICATION_VALUES, CHANNEL_VALUES, CONSORTIUM_VALUES, readValues } from './values.ts';

/** The only width of the tree over a block's data that any release of Fabric takes: a flat hash. */
const FLAT_WIDTH = 0xffff_ffff;

export type HashingAlgorithm = 'SHA256' | 'SHA3_256';

export interface ApplicationSection {
  readonly organizations: readonly ApplicationOrganization[];
  readonly acls: AccessControlList;
  readonly capabilities: ApplicationCapabilities;
}

/** Consortium to its organisations: of a system channel, as releases before 3.0 had one. */
export type ConsortiumsSection = ReadonlyMap<string, readonly Organization[]>;

/** What a channel's configuration says, checked as Fabric's `common/channelconfig` checks it. */
export interface ChannelSections {
  readonly hashingAlgorithm: HashingAlgorithm;
  readonly blockDataHashingWidth: number;
  /** `host:port` of the whole channel; empty from V3_0 on. */
  readonly ordererAddresses: readonly string[];
  /** Empty where there is none. */
  readonly consortium: string;
  readonly capabilities: ChannelCapabilities;
  readonly application: ApplicationSection | null;
  readonly orderer: OrdererSection | null;
  readonly consortiums: ConsortiumsSection | null;
  readonly mspManager: MspManager;
}

const ROOT = '/Channel';

/** @throws ChannelError */
export function readSections(root: ConfigGroup): ChannelSections {
  requireOrdererCapabilitiesFirst(root);
  const values = readValues(root, ROOT, CHANNEL_VALUES);
  const capabilities = new ChannelCapabilities(values.Capabilities ?? []);
  const hashingAlgorithm = values.HashingAlgorithm?.getName() ?? '';
  if (hashingAlgorithm !== 'SHA256' && hashingAlgorithm !== 'SHA3_256') {
    throw badValue(
      'HashingAlgorithm',
      `'${hashingAlgorithm}' is not known`,
      `Unknown hashing algorithm type: ${hashingAlgorithm}`,
    );
  }
  const blockDataHashingWidth = values.BlockDataHashingStructure?.getWidth() ?? 0;
  if (blockDataHashingWidth !== FLAT_WIDTH) {
    throw badValue(
      'BlockDataHashingStructure',
      `width ${blockDataHashingWidth} is not ${FLAT_WIDTH}`,
      'BlockDataHashStructure width only supported at MaxUint32 in this version',
    );
  }
  const ordererAddresses = values.OrdererAddresses?.getAddressesList() ?? [];
  if (!capabilities.orgSpecificOrdererEndpoints && ordererAddresses.length === 0) {
    throw badValue('OrdererAddresses', 'there are none', 'Must set some OrdererAddresses');
  }
  if (capabilities.consensusTypeBft && ordererAddresses.length > 0) {
    throw badValue(
      'OrdererAddresses',
      'capability V3_0 wants the endpoints of each organisation instead',
      'global OrdererAddresses are not allowed with V3_0 capability, use org specific addresses only',
    );
  }
  const msps = new MspCollector(capabilities.mspVersion);
  let application: ApplicationSection | null = null;
  let orderer: OrdererSection | null = null;
  let consortiums: ConsortiumsSection | null = null;
  for (const [name, group] of root.groups) {
    const path = `${ROOT}/${name}`;
    switch (name) {
      case 'Application':
        application = readApplication(group, path, msps);
        break;
      case 'Orderer':
        orderer = new OrdererSection(group, path, msps, capabilities);
        break;
      case 'Consortiums':
        consortiums = readConsortiums(group, path, msps);
        break;
      default:
        throw new ChannelError('disallowed_group', `[Group] ${path}`, 'no such section is known');
    }
  }
  return {
    hashingAlgorithm,
    blockDataHashingWidth,
    ordererAddresses,
    consortium: values.Consortium?.getName() ?? '',
    capabilities,
    application,
    orderer,
    consortiums,
    mspManager: msps.manager(),
  };
}

function requireOrdererCapabilitiesFirst(root: ConfigGroup): void {
  const orderer = root.groups.get('Orderer');
  if (orderer === undefined || orderer.values.has('Capabilities')) {
    return;
  }
  const sections = [
    ['channel', ROOT, root],
    ['application', `${ROOT}/Application`, root.groups.get('Application')],
  ] as const;
  for (const [section, path, group] of sections) {
    if (group?.values.has('Capabilities')) {
      throw new ChannelError(
        'capability_order',
        `[Value] ${path}/Capabilities`,
        'capabilities need those of the ordering service first',
        { words: `cannot enable ${section} capabilities without orderer support first` },
      );
    }
  }
}

function readApplication(group: ConfigGroup, path: string, msps: MspCollector): ApplicationSection {
  const values = readValues(group, path, APPLICATION_VALUES);
  const capabilities = new ApplicationCapabilities(values.Capabilities ?? []);
  if (!capabilities.acls && group.values.has('ACLs')) {
    throw new ChannelError('capability_order', `[Value] ${path}/ACLs`, 'needs application capability V1_2');
  }
  return {
    organizations: Array.from(group.groups, ([name, one]) =>
      readApplicationOrganization(name, one, `${path}/${name}`, msps),
    ),
    acls: new AccessControlList(values.ACLs ?? []),
    capabilities,
  };
}

function readConsortiums(group: ConfigGroup, path: string, msps: MspCollector): ConsortiumsSection {
  return new Map(
    Array.from(group.groups, ([name, consortium]) => {
      const inner = `${path}/${name}`;
      readValues(consortium, inner, CONSORTIUM_VALUES);
      return [
        name,
        Array.from(consortium.groups, ([organization, one]) =>
          readConsortiumOrganization(organization, one, `${inner}/${organization}`, msps),
        ),
      ];
    }),
  );
}

function badValue(name: string, detail: string, words: string): ChannelError {
  return new ChannelError('bad_value', `[Value] ${ROOT}/${name}`, detail, {
    words: `initializing channelconfig failed: ${words}`,
  });
}
