import { common, peer } from '@hyperledger/fabric-protos';
import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { isOwnLimit, ProtoError } from '#node/protos/protoError.ts';
import type { NamespaceView } from '#node/protos/readWriteSetView.ts';
import { type Height, sameHeight } from '../state/height.ts';
import { CONFIG_KEY, CONFIG_NAMESPACE, hashedKey, hashedNamespace } from '../state/namespaces.ts';
import type { StateReader } from '../state/stateDatabase.ts';
import { StateUpdates } from '../state/stateUpdates.ts';
import { updateBytes } from '../state/updateBytes.ts';
import { CommittedReads } from './committedReads.ts';
import { applyWrites } from './keyOperations.ts';
import type { MvccOptions, MvccResult, PurgeUpdate } from './mvcc.ts';
import { rangeQueryConflict } from './rangeQueryCheck.ts';

const { CONFIG, ENDORSER_TRANSACTION } = common.HeaderType;
const { VALID, MVCC_READ_CONFLICT, PHANTOM_READ_CONFLICT, INVALID_OTHER_REASON, NIL_TXACTION } = peer.TxValidationCode;

/** What one transaction that is valid so far would do. */
interface Candidate {
  readonly index: number;
  readonly namespaces: readonly NamespaceView[];
  /** Of a configuration transaction: what the state keeps of it. */
  readonly config: Uint8Array | null;
}

interface Refusal {
  readonly code: number;
  readonly reason: string;
}

/**
 * Last check of a block, transaction after transaction: whether what each read is still so, after the valid ones before it. Gives
 * the final codes and all that the block changes (core/ledger/kvledger/txmgmt/validation).
 *
 * @param codes TxValidationCode of each transaction after all other checks. Only VALID ones are looked at.
 * @param state as of the block before.
 * @throws StateError where state cannot be read
 */
export async function validateAndPrepare(
  block: BlockView,
  codes: Uint8Array,
  state: StateReader,
  options: MvccOptions = {},
): Promise<MvccResult> {
  if (codes.length !== block.envelopes.length) {
    throw new RangeError(`${codes.length} codes for ${block.envelopes.length} transactions`);
  }
  const checkReads = options.mvcc ?? true;
  const final = new Uint8Array(codes);
  const reasons = new Map<number, string>();
  const candidates: Candidate[] = [];
  const refuse = (index: number, { code, reason }: Refusal): void => {
    final[index] = code;
    reasons.set(index, reason);
  };
  for (const [index, envelope] of block.envelopes.entries()) {
    if (codes[index] === VALID) {
      const candidate = candidateOf(envelope, index);
      if ('code' in candidate) {
        refuse(index, candidate);
      } else {
        candidates.push(candidate);
      }
    }
  }
  const committed = await CommittedReads.load(
    candidates.map(({ namespaces }) => namespaces),
    state,
    checkReads,
  );
  const updates = new StateUpdates();
  const purges = new Map<string, PurgeUpdate>();
  for (const { index, namespaces, config } of candidates) {
    const version: Height = { block: block.number, tx: index };
    const conflict = checkReads ? await readConflict(namespaces, committed, state, updates) : null;
    if (conflict !== null) {
      refuse(index, conflict);
      continue;
    }
    if (config !== null) {
      updates.putPublic(CONFIG_NAMESPACE, CONFIG_KEY, { value: config, metadata: null, version });
      continue;
    }
    applyWrites(namespaces, version, updates, committed);
    collectPurges(namespaces, version, purges);
  }
  return { codes: final, reasons, updates, purges: [...purges.values()], updateBytes: updateBytes(updates) };
}

function candidateOf(envelope: EnvelopeView, index: number): Candidate | Refusal {
  let step: number = INVALID_OTHER_REASON;
  try {
    const { type } = envelope.channelHeader;
    if (type === CONFIG) {
      return { index, namespaces: [], config: envelope.payload.data };
    }
    if (type !== ENDORSER_TRANSACTION) {
      return { index, namespaces: [], config: null };
    }
    step = NIL_TXACTION;
    const { action } = envelope.transaction;
    if (action.proposalResponsePayload.extension.length === 0) {
      return { code: NIL_TXACTION, reason: 'the endorsed response holds no result' };
    }
    void action.chaincodeAction;
    step = INVALID_OTHER_REASON;
    const { namespaces } = action.readWriteSet;
    for (const one of namespaces) {
      // Decoded here, so that nothing later can fail.
      void one.reads;
      void one.collections;
    }
    return { index, namespaces, config: null };
  } catch (error) {
    if (error instanceof ProtoError && !isOwnLimit(error)) {
      return { code: step, reason: error.message };
    }
    throw error;
  }
}

/** The first thing that is not as the transaction read it: its code and the reason; null where all is. */
async function readConflict(
  namespaces: readonly NamespaceView[],
  committed: CommittedReads,
  state: StateReader,
  updates: StateUpdates,
): Promise<Refusal | null> {
  for (const one of namespaces) {
    const changed = updates.public.get(one.namespace);
    for (const { key, version } of one.reads) {
      const found = changed?.get(key)?.version;
      if (found !== undefined || !sameHeight(committed.version(one.namespace, key), version)) {
        const now = found ?? committed.version(one.namespace, key);
        return { code: MVCC_READ_CONFLICT, reason: readReason(one.namespace, key, version, now, found !== undefined) };
      }
    }
    for (const query of one.rangeQueries) {
      const reason = await rangeQueryConflict(one.namespace, query, state, updates);
      if (reason !== null) {
        return { code: PHANTOM_READ_CONFLICT, reason };
      }
    }
    for (const collection of one.collections) {
      const name = hashedNamespace(one.namespace, collection.name);
      for (const { keyHash, version } of collection.reads) {
        const key = hashedKey(keyHash);
        const found = updates.getHashed(one.namespace, collection.name, key)?.version;
        if (found !== undefined || !sameHeight(committed.version(name, key), version)) {
          const now = found ?? committed.version(name, key);
          return { code: MVCC_READ_CONFLICT, reason: readReason(name, key, version, now, found !== undefined) };
        }
      }
    }
  }
  return null;
}

function at(height: Height | null): string {
  return height === null ? 'absent' : `version ${height.block}:${height.tx}`;
}

function readReason(namespace: string, key: string, read: Height | null, now: Height | null, inBlock: boolean): string {
  const where = inBlock ? 'written earlier in this block' : 'committed';
  return `key ${JSON.stringify(key)} of namespace ${JSON.stringify(namespace)} was read at ${at(read)}, is ${at(now)} (${where})`;
}

function collectPurges(namespaces: readonly NamespaceView[], version: Height, purges: Map<string, PurgeUpdate>): void {
  for (const { namespace, collections } of namespaces) {
    for (const { name, writes } of collections) {
      for (const write of writes) {
        if (write.isPurge) {
          const keyHash = hashedKey(write.keyHash);
          purges.set(JSON.stringify([namespace, name, keyHash]), {
            namespace,
            collection: name,
            keyHash,
            version,
          });
        }
      }
    }
  }
}
