import { peer } from '@hyperledger/fabric-protos';
import { LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { bytesField, listField, messageField, textField, wireFields } from '#node/protos/wireFields.ts';
import type { StateReader } from '#node/ledger/state/stateDatabase.ts';
import { CommitError } from './commitError.ts';

const { ChaincodeEndorsementInfo, ChaincodeValidationInfo, StateData, StateMetadata } = peer.lifecycle;

/** Where chaincodes were defined before the lifecycle of 2.0; a channel that was upgraded keeps them there. */
export const LEGACY_NAMESPACE = 'lscc';
/** The type name under which a Go peer keeps a definition (the name of its struct). */
const DEFINITION_TYPE = 'ChaincodeDefinition';
const FIELDS = ['Sequence', 'EndorsementInfo', 'ValidationInfo', 'Collections'] as const;
const NOTHING = new Uint8Array(0);
/** Of `protos.StaticCollectionConfig`. */
const ENDORSEMENT_POLICY = 8;

/** A chaincode as the channel defined it. */
export interface CommittedDefinition {
  readonly name: string;
  /** 0 for a definition from before the lifecycle of 2.0. */
  readonly sequence: number;
  readonly version: string;
  readonly initRequired: boolean;
  readonly validationPlugin: string;
  /** Serialised `protos.ApplicationPolicy`; of a legacy definition a `common.SignaturePolicyEnvelope`. */
  readonly validationParameter: Uint8Array;
  readonly collections: ReadonlyMap<string, peer.StaticCollectionConfig>;
  /** Serialised `protos.ApplicationPolicy` of each collection, with all that is not known of it; null where it has none. */
  readonly collectionPolicies: ReadonlyMap<string, Uint8Array | null>;
  readonly legacy: boolean;
}

/**
 * Chaincode definitions as of a state, kept until a block changes them.
 *
 * The lifecycle chaincode of Go peers writes one key a field, `namespaces/fields/<chaincode>/<field>`, each a `StateData`, and
 * `namespaces/metadata/<chaincode>` with the type's name (core/chaincode/lifecycle `Serializer`).
 */
export class ChaincodeDefinitions {
  readonly #state: StateReader;
  readonly #known = new Map<string, Promise<CommittedDefinition | null>>();

  constructor(state: StateReader) {
    this.#state = state;
  }

  /**
   * Null where the channel never defined it.
   * @throws CommitError `state_unreadable`
   */
  find(name: string): Promise<CommittedDefinition | null> {
    let found = this.#known.get(name);
    if (found === undefined) {
      found = this.#read(name);
      this.#known.set(name, found);
      // What could not be read is asked for again; whoever waits for it sees the error.
      found.catch(() => this.#known.delete(name));
    }
    return found;
  }

  /** To be called with the namespaces that a committed block wrote to. */
  changed(namespaces: Iterable<string>): void {
    for (const namespace of namespaces) {
      if (namespace === LIFECYCLE_NAMESPACE || namespace === LEGACY_NAMESPACE) {
        this.#known.clear();
        return;
      }
    }
  }

  async #read(name: string): Promise<CommittedDefinition | null> {
    const keys = [`namespaces/metadata/${name}`, ...FIELDS.map((field) => `namespaces/fields/${name}/${field}`)];
    const [metadata, ...fields] = await this.#state.getMany(
      keys.map((key) => ({ namespace: LIFECYCLE_NAMESPACE, key })),
    );
    try {
      return metadata == null
        ? await this.#readLegacy(name)
        : readDefinition(
            name,
            metadata.value,
            fields.map((field) => field?.value ?? NOTHING),
          );
    } catch (cause) {
      if (cause instanceof ProtoError) {
        throw new CommitError('state_unreadable', null, `definition of chaincode ${name}: ${cause.message}`, { cause });
      }
      throw cause;
    }
  }

  async #readLegacy(name: string): Promise<CommittedDefinition | null> {
    const data = await this.#state.get(LEGACY_NAMESPACE, name);
    if (data === null) {
      return null;
    }
    // Name, version, escc and vscc as text; policy …
    const what = 'ccprovider.ChaincodeData';
    const fields = wireFields(data.value, what);
    const [, version, , validationPlugin] = [1, 2, 3, 4].map((number) => textField(fields, number, what));
    return {
      name,
      sequence: 0,
      version: version as string,
      initRequired: false,
      validationPlugin: validationPlugin as string,
      validationParameter: bytesField(fields, 5),
      collections: new Map(),
      collectionPolicies: new Map(),
      legacy: true,
    };
  }
}

function readDefinition(name: string, metadata: Uint8Array, fields: readonly Uint8Array[]): CommittedDefinition {
  const type = decodeMessage(StateMetadata, metadata, 'lifecycle.StateMetadata').getDatatype();
  if (type !== DEFINITION_TYPE) {
    throw new ProtoError('wrong_type', 'lifecycle.StateMetadata', `a ${type}, not a ${DEFINITION_TYPE}`);
  }
  const [sequence, endorsementInfo, validationInfo, collections] = fields.map((bytes) =>
    decodeMessage(StateData, bytes, 'lifecycle.StateData'),
  ) as [peer.lifecycle.StateData, peer.lifecycle.StateData, peer.lifecycle.StateData, peer.lifecycle.StateData];
  const endorsement = decodeMessage(
    ChaincodeEndorsementInfo,
    bytesIn(endorsementInfo),
    'lifecycle.ChaincodeEndorsementInfo',
  );
  const validation = decodeMessage(
    ChaincodeValidationInfo,
    bytesIn(validationInfo),
    'lifecycle.ChaincodeValidationInfo',
  );
  return {
    name,
    sequence: numberIn(sequence),
    version: endorsement.getVersion(),
    initRequired: endorsement.getInitRequired(),
    validationPlugin: validation.getValidationPlugin(),
    validationParameter: validation.getValidationParameter_asU8(),
    collections: collectionsOf(bytesIn(collections)),
    collectionPolicies: collectionPolicies(bytesIn(collections)),
    legacy: false,
  };
}

/** By name; the first counts where two have the same, as in Fabric. */
function collectionsOf(bytes: Uint8Array): ReadonlyMap<string, peer.StaticCollectionConfig> {
  const byName = new Map<string, peer.StaticCollectionConfig>();
  const list = decodeMessage(peer.CollectionConfigPackage, bytes, 'protos.CollectionConfigPackage').getConfigList();
  for (const one of list) {
    const config = one.getStaticCollectionConfig();
    if (config !== undefined && !byName.has(config.getName())) {
      byName.set(config.getName(), config);
    }
  }
  return byName;
}

/** The bytes that a field of a definition holds, none where it was never written. @throws ProtoError for a field of another type */
function bytesIn(data: peer.lifecycle.StateData): Uint8Array {
  const type = data.getTypeCase();
  if (type !== StateData.TypeCase.BYTES && type !== StateData.TypeCase.TYPE_NOT_SET) {
    throw new ProtoError('wrong_type', 'lifecycle.StateData', 'holds no bytes');
  }
  return data.getBytes_asU8();
}

function numberIn(data: peer.lifecycle.StateData): number {
  const type = data.getTypeCase();
  if (type !== StateData.TypeCase.INT64 && type !== StateData.TypeCase.TYPE_NOT_SET) {
    throw new ProtoError('wrong_type', 'lifecycle.StateData', 'holds no number');
  }
  return data.getInt64();
}

/**
 * Of bytes that were decoded before. A policy that holds nothing but what is not known is no empty one: Go keeps it, and nobody
 * meets it.
 */
function collectionPolicies(bytes: Uint8Array): ReadonlyMap<string, Uint8Array | null> {
  const what = 'protos.StaticCollectionConfig';
  const byName = new Map<string, Uint8Array | null>();
  for (const collection of listField(wireFields(bytes, 'protos.CollectionConfigPackage'), 1)) {
    const config = messageField(wireFields(collection, 'protos.CollectionConfig'), 1, what);
    if (config !== null) {
      const fields = wireFields(config, what);
      const name = textField(fields, 1, what);
      if (!byName.has(name)) {
        byName.set(name, messageField(fields, ENDORSEMENT_POLICY, what));
      }
    }
  }
  return byName;
}
