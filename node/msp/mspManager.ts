import type { msp } from '@hyperledger/fabric-protos';
import type { IdentityView } from '#node/protos/serializedIdentity.ts';
import { readMspConfig } from './mspDefinition.ts';
import { MspError } from './mspError.ts';
import type { IdentityDeserializer } from './mspIdentity.ts';
import type { MspVersion } from './mspVersion.ts';
import { serializedIdentity } from './serializedIdentity.ts';
import type { X509Identity } from './x509Identity.ts';
import { X509Msp } from './x509Msp.ts';

/** The MSPs of one channel, by ID. Never changes: a new configuration makes a new one. */
export class MspManager implements IdentityDeserializer {
  readonly #msps: ReadonlyMap<string, X509Msp>;

  constructor(msps: Iterable<X509Msp>) {
    this.#msps = new Map(Array.from(msps, (one) => [one.mspId, one]));
  }

  /**
   * An organisation may stand in a channel's Application and Orderer group at once, but with one and the same definition.
   * @param options.version by the channel's capabilities (`mspVersionOf`); the newest if not given
   * @throws MspError
   */
  static fromConfigs(configs: Iterable<msp.MSPConfig>, options: { readonly version?: MspVersion } = {}): MspManager {
    const seen = new Map<string, { readonly config: Uint8Array; readonly msp: X509Msp }>();
    for (const message of configs) {
      const definition = readMspConfig(message);
      const config = message.getConfig_asU8();
      const before = seen.get(definition.mspId);
      if (before === undefined) {
        seen.set(definition.mspId, { config, msp: new X509Msp(definition, options.version ?? '3.0') });
      } else if (Buffer.compare(before.config, config) !== 0) {
        throw new MspError('conflicting_definition', definition.mspId, 'defined twice, and not the same');
      }
    }
    return new MspManager(Array.from(seen.values(), (one) => one.msp));
  }

  get msps(): readonly X509Msp[] {
    return [...this.#msps.values()];
  }

  /** Null where the channel has no such MSP. */
  msp(mspId: string): X509Msp | null {
    return this.#msps.get(mspId) ?? null;
  }

  /**
   * @param bytes a serialised `msp.SerializedIdentity`
   * @throws MspError
   */
  deserializeIdentity(bytes: Uint8Array): X509Identity {
    return this.identityOf(serializedIdentity(bytes));
  }

  /** As `deserializeIdentity`, of an identity that was decoded already. @throws MspError */
  identityOf(view: IdentityView): X509Identity {
    const owner = this.#msps.get(view.mspId);
    if (owner === undefined) {
      throw new MspError('unknown_msp', view.mspId, 'not defined on the channel');
    }
    return owner.identityOf(view);
  }
}
