import { type MspVersion, mspVersionOf } from '#node/msp/mspVersion.ts';
import { ChannelError } from './channelError.ts';

const KNOWN = {
  Channel: ['V1_1', 'V1_3', 'V1_4_2', 'V1_4_3', 'V2_0', 'V3_0'],
  Orderer: ['V1_1', 'V1_4_2', 'V2_0'],
  Application: [
    'V1_1',
    'V1_2',
    'V1_3',
    'V1_4_2',
    'V2_0',
    'V2_5',
    'V1_1_PVTDATA_EXPERIMENTAL',
    'V1_1_RESOURCETREE_EXPERIMENTAL',
  ],
} as const;

/** Capabilities that a section of the configuration switches on. */
class Capabilities<Name extends string> {
  readonly section: keyof typeof KNOWN;
  readonly names: ReadonlySet<string>;

  constructor(section: keyof typeof KNOWN, names: Iterable<string>) {
    this.section = section;
    this.names = new Set(names);
  }

  /**
   * A node that does not know a capability cannot tell what it changes, and must not go on with the channel.
   * @throws ChannelError `unsupported_capability`
   */
  requireSupported(): void {
    for (const name of this.names) {
      if (!(KNOWN[this.section] as readonly string[]).includes(name)) {
        const message = `${this.section} capability ${name} is required but not supported`;
        throw new ChannelError('unsupported_capability', null, message, {
          // An orderer's, which says it twice.
          words: `config requires unsupported ${this.section.toLowerCase()} capabilities: ${message}: ${message}`,
        });
      }
    }
  }

  protected any(...names: readonly Name[]): boolean {
    return names.some((name) => this.names.has(name));
  }
}

/** What the channel's own capabilities switch on (Fabric, `common/capabilities/channel.go`). */
export class ChannelCapabilities extends Capabilities<(typeof KNOWN.Channel)[number]> {
  constructor(names: Iterable<string>) {
    super('Channel', names);
  }

  get mspVersion(): MspVersion {
    return mspVersionOf(this.names);
  }

  get consensusTypeMigration(): boolean {
    return this.any('V1_4_2', 'V1_4_3', 'V2_0', 'V3_0');
  }

  /** Whether organisations of the ordering service list their own endpoints. */
  get orgSpecificOrdererEndpoints(): boolean {
    return this.consensusTypeMigration;
  }

  /** Whether blocks may be signed in the BFT form, and orderers are named by organisations alone. */
  get consensusTypeBft(): boolean {
    return this.any('V3_0');
  }
}

/** `common/capabilities/orderer.go`. */
export class OrdererCapabilities extends Capabilities<(typeof KNOWN.Orderer)[number]> {
  constructor(names: Iterable<string>) {
    super('Orderer', names);
  }

  get predictableChannelTemplate(): boolean {
    return this.any('V1_1', 'V1_4_2', 'V2_0');
  }

  /** Whether messages that a new configuration overtook are checked again and re-ordered. */
  get resubmission(): boolean {
    return this.any('V1_1', 'V1_4_2', 'V2_0');
  }

  /** Whether messages of clients whose certificate has expired are refused. */
  get expirationCheck(): boolean {
    return this.any('V1_1', 'V1_4_2', 'V2_0');
  }

  get consensusTypeMigration(): boolean {
    return this.any('V1_4_2', 'V2_0');
  }

  get useChannelCreationPolicyAsAdmins(): boolean {
    return this.any('V2_0');
  }
}

/** `common/capabilities/application.go`. */
export class ApplicationCapabilities extends Capabilities<(typeof KNOWN.Application)[number]> {
  constructor(names: Iterable<string>) {
    super('Application', names);
  }

  get acls(): boolean {
    return this.any('V1_2', 'V1_3', 'V1_4_2', 'V2_0', 'V2_5');
  }

  get forbidDuplicateTxIdInBlock(): boolean {
    return this.any('V1_1', 'V1_2', 'V1_3', 'V1_4_2', 'V2_0', 'V2_5');
  }

  get privateChannelData(): boolean {
    return this.any('V1_1_PVTDATA_EXPERIMENTAL', 'V1_2', 'V1_3', 'V1_4_2', 'V2_0', 'V2_5');
  }

  get collectionUpgrade(): boolean {
    return this.any('V1_2', 'V1_3', 'V1_4_2', 'V2_0', 'V2_5');
  }

  get v11Validation(): boolean {
    return this.any('V1_1', 'V1_2', 'V1_3', 'V1_4_2', 'V2_0', 'V2_5');
  }

  get v12Validation(): boolean {
    return this.any('V1_2', 'V1_3', 'V1_4_2', 'V2_0', 'V2_5');
  }

  get v13Validation(): boolean {
    return this.any('V1_3', 'V1_4_2', 'V2_0', 'V2_5');
  }

  /** Endorsement policies of single keys. */
  get keyLevelEndorsement(): boolean {
    return this.any('V1_3', 'V1_4_2', 'V2_0', 'V2_5');
  }

  /** Whether private data of invalid transactions is kept. */
  get storePvtDataOfInvalidTx(): boolean {
    return this.any('V1_4_2', 'V2_0', 'V2_5');
  }

  /** The lifecycle of 2.0 and collections that every organisation has. */
  get v20Validation(): boolean {
    return this.any('V2_0', 'V2_5');
  }

  get lifecycleV20(): boolean {
    return this.any('V2_0', 'V2_5');
  }

  get purgePvtData(): boolean {
    return this.any('V2_5');
  }
}
