import { hashedKey, hashedNamespace } from '#node/ledger/state/namespaces.ts';
import type { StateKey, StateReader } from '#node/ledger/state/stateDatabase.ts';
import { decodeMetadata, VALIDATION_PARAMETER } from '#node/ledger/state/stateMetadata.ts';
import type { NamespaceView } from '#node/protos/readWriteSetView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { CommitError } from './commitError.ts';
import { signaturePolicyAsApplicationPolicy } from './policyBook.ts';

/** A key whose endorsement is asked about. */
export interface WrittenKey {
  /** Empty for a public key. */
  readonly collection: string;
  /** Where the state keeps it. */
  readonly stateKey: StateKey;
}

/** What a transaction did to the keys of one namespace, in the order in which Fabric looks at them. */
export function* writtenKeys(view: NamespaceView): Generator<WrittenKey> {
  for (const { key } of view.writes) {
    yield publicKey(view.namespace, key);
  }
  for (const key of view.metadataWrites) {
    yield publicKey(view.namespace, key);
  }
  for (const { name, writes } of view.collections) {
    for (const { keyHash } of writes) {
      yield privateKey(view.namespace, name, keyHash);
    }
  }
  for (const { name, metadataWrites } of view.collections) {
    for (const { keyHash } of metadataWrites) {
      yield privateKey(view.namespace, name, keyHash);
    }
  }
}

/** As `writtenKeys`, but one public key and one of each collection: enough where no key has a policy of its own. */
export function* someWrittenKeys(view: NamespaceView): Generator<WrittenKey> {
  const [write] = view.writes;
  const [key] = write === undefined ? view.metadataWrites : [write.key];
  if (key !== undefined) {
    yield publicKey(view.namespace, key);
  }
  for (const { name, writes } of view.collections) {
    if (writes[0] !== undefined) {
      yield privateKey(view.namespace, name, writes[0].keyHash);
    }
  }
  for (const { name, metadataWrites } of view.collections) {
    if (metadataWrites[0] !== undefined) {
      yield privateKey(view.namespace, name, metadataWrites[0].keyHash);
    }
  }
}

/** Keys whose own policy a transaction sets. */
export function* keysWithNewMetadata(view: NamespaceView): Generator<WrittenKey> {
  for (const key of view.metadataWrites) {
    yield publicKey(view.namespace, key);
  }
  for (const { name, metadataWrites } of view.collections) {
    for (const { keyHash } of metadataWrites) {
      yield privateKey(view.namespace, name, keyHash);
    }
  }
}

function publicKey(namespace: string, key: string): WrittenKey {
  return { collection: '', stateKey: { namespace, key } };
}

function privateKey(namespace: string, collection: string, keyHash: Uint8Array): WrittenKey {
  return { collection, stateKey: { namespace: hashedNamespace(namespace, collection), key: hashedKey(keyHash) } };
}

const nameOf = ({ namespace, key }: StateKey): string => `${namespace}\u0000${key}`;

/**
 * Key-level endorsement policies while one block is looked at (Fabric, core/common/validation/statebased): those that the block
 * before left, and which keys got a new one from an earlier transaction of this block. Such a key may not be written again in
 * the same block, whoever endorsed it: nobody could say by which of the two policies.
 */
export class KeyLevelPolicies {
  readonly #policies = new Map<string, Uint8Array | CommitError>();
  readonly #updated = new Set<string>();

  /**
   * Reads the policies of all keys that a block writes, in one round trip; none for namespaces that never had any.
   */
  static async load(state: StateReader, namespaces: Iterable<NamespaceView>): Promise<KeyLevelPolicies> {
    const policies = new KeyLevelPolicies();
    const wanted = new Map<string, StateKey>();
    for (const view of namespaces) {
      if (state.mayHaveMetadata(view.namespace)) {
        for (const { stateKey } of writtenKeys(view)) {
          wanted.set(nameOf(stateKey), stateKey);
        }
      }
    }
    if (wanted.size === 0) {
      return policies;
    }
    const keys = [...wanted.values()];
    const values = await state.getMany(keys);
    for (const [index, value] of values.entries()) {
      if (value !== null && value.metadata !== null) {
        policies.#add(keys[index] as StateKey, value.metadata);
      }
    }
    return policies;
  }

  /**
   * Serialised `protos.ApplicationPolicy` of the key itself; null where that of its collection or chaincode counts.
   * @throws CommitError `state_unreadable` for one that cannot be read: nothing can be decided then, as in Fabric
   */
  policyOf(key: WrittenKey): Uint8Array | null {
    const policy = this.#policies.get(nameOf(key.stateKey)) ?? null;
    if (policy instanceof CommitError) {
      throw policy;
    }
    return policy;
  }

  /** No key that this block writes has a policy of its own, so far. */
  get isEmpty(): boolean {
    return this.#policies.size === 0 && this.#updated.size === 0;
  }

  /** Whether an earlier transaction of the block gave the key a new policy. */
  wasUpdated(key: WrittenKey): boolean {
    return this.#updated.size > 0 && this.#updated.has(nameOf(key.stateKey));
  }

  /** To be called when a transaction met the policies of this namespace. */
  noteUpdates(view: NamespaceView): void {
    if (view.metadataWrites.length === 0 && view.collections.length === 0) {
      return;
    }
    for (const { stateKey } of keysWithNewMetadata(view)) {
      this.#updated.add(nameOf(stateKey));
    }
  }

  #add(key: StateKey, metadata: Uint8Array): void {
    try {
      const parameter = decodeMetadata(metadata).get(VALIDATION_PARAMETER);
      if (parameter !== undefined && parameter.length > 0) {
        this.#policies.set(nameOf(key), signaturePolicyAsApplicationPolicy(parameter));
      }
    } catch (cause) {
      if (cause instanceof ProtoError) {
        const what = `endorsement policy of key ${JSON.stringify(key.key)} in ${key.namespace}`;
        const error = new CommitError('state_unreadable', null, `${what}: ${cause.message}`, { cause });
        this.#policies.set(nameOf(key), error);
        return;
      }
      throw cause;
    }
  }
}
