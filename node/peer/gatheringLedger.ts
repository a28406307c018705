import { peer } from '@hyperledger/fabric-protos';
import { ChaincodeDefinitions } from '#node/commit/chaincodeDefinitions.ts';
import type { CommitLedger } from '#node/commit/commitLedger.ts';
import { definedCollections } from '#node/ledger/blockCollections.ts';
import type { MvccResult } from '#node/ledger/mvcc/mvcc.ts';
import type { PeerLedger, PreparedBlock, RunStep } from '#node/ledger/peerLedger.ts';
import { isExpectedRwset } from '#node/ledger/privateData/hashCheck.ts';
import type { CollectionData, TxPrivateData } from '#node/ledger/privateData/privateData.ts';
import type { TransientStore } from '#node/ledger/privateData/transientStore.ts';
import { decodeTxPrivateData } from '#node/ledger/privateData/txPrivateRwset.ts';
import { PrivateDataError } from '#node/ledger/privateData/privateDataError.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { VALID } from '#node/protos/enumNames.ts';
import { implicitOwner } from '#node/protos/lifecycleView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { wireFields } from '#node/protos/wireFields.ts';
import { isMember } from './collectionMembership.ts';

/** Field of `transientstore.TxPvtReadWriteSetWithConfigInfo`. */
const PRIVATE_WRITE_SET = 2;

export interface GatheringOptions {
  /** The peer's own organisation. */
  readonly mspId: string;
  /** Blocks after which private data that was never committed is dropped (`peer.gossip.pvtData.transientstoreMaxBlockRetention`). */
  readonly transientRetention: number;
}

export interface GatheringModules {
  readonly ledger: PeerLedger;
  readonly transientStore: TransientStore;
  /** Resolves when the next block may be written: a snapshot needs the ledger at rest. */
  readonly mayCommit: () => Promise<void>;
  /** The block is in the ledger, wholly. */
  readonly committed: (block: number) => void;
}

/** Private data that a valid transaction of a block has the hash of. */
interface WantedData {
  readonly tx: number;
  readonly txId: string;
  readonly namespace: string;
  readonly collection: string;
  readonly hash: Uint8Array;
}

/**
 * A channel's ledger with what a peer does around each commit (Fabric, gossip/privdata `coordinator`): private data that this peer is to
 * have are taken from the transient store before, and dropped there after.
 *
 * What is wanted is decided when the block's codes are final and the block before is in the ledger, so that definitions are those that
 * the block comes under. What is not at hand is noted as missing: the block is committed without.
 */
export class GatheringLedger implements CommitLedger {
  readonly #options: GatheringOptions;
  readonly #modules: GatheringModules;
  readonly #definitions: ChaincodeDefinitions;
  /** Of the block that is being committed: `PeerLedger` asks while it writes. */
  readonly #eligible = new Map<string, boolean>();
  #purging: Promise<void> = Promise.resolve();

  constructor(options: GatheringOptions, modules: GatheringModules) {
    this.#options = options;
    this.#modules = modules;
    this.#definitions = new ChaincodeDefinitions(modules.ledger.state);
  }

  get channelId(): string {
    return this.#modules.ledger.channelId;
  }

  get tip(): CommitLedger['tip'] {
    return this.#modules.ledger.tip;
  }

  get commitHash(): Uint8Array | null {
    return this.#modules.ledger.commitHash;
  }

  get blocks(): CommitLedger['blocks'] {
    return this.#modules.ledger.blocks;
  }

  get state(): CommitLedger['state'] {
    return this.#modules.ledger.state;
  }

  configEnvelope(): Promise<Uint8Array | null> {
    return this.#modules.ledger.configEnvelope();
  }

  validateReads(block: BlockView, codes: Uint8Array): Promise<MvccResult> {
    return this.#modules.ledger.validateReads(block, codes);
  }

  /** For `PeerLedger.open`: whether this peer should have a collection of the block that is being committed. */
  isEligible(namespace: string, collection: string): boolean {
    return this.#eligible.get(nameOf(namespace, collection)) ?? false;
  }

  async commit(prepared: PreparedBlock, runStep: RunStep): Promise<void> {
    const { ledger, mayCommit, committed } = this.#modules;
    await mayCommit();
    const { block, result } = prepared;
    const wanted = wantedData(block, result.codes);
    this.#eligible.clear();
    for (const { namespace, collection } of wanted) {
      const name = nameOf(namespace, collection);
      if (!this.#eligible.has(name)) {
        this.#eligible.set(name, await this.#amMember(namespace, collection));
      }
    }
    await this.#noteNewMemberships(block, result);
    const privateData = await this.#gather(
      wanted.filter(({ namespace, collection }) => this.isEligible(namespace, collection)),
      prepared.privateData,
    );
    await ledger.commit({ ...prepared, privateData }, runStep);
    this.#definitions.changed(result.updates.public.keys());
    committed(block.number);
    this.#purging = this.#purging.then(() => this.#purge(block, wanted.length > 0));
  }

  /** Resolves when nothing is at work any more. */
  async close(): Promise<void> {
    await this.#purging;
  }

  async #amMember(namespace: string, collection: string): Promise<boolean> {
    const owner = implicitOwner(collection);
    if (owner !== null) {
      return owner === this.#options.mspId;
    }
    const config = (await this.#definitions.find(namespace))?.collections.get(collection);
    return config !== undefined && isMember(this.#options.mspId, config);
  }

  /** A definition that takes this peer's organisation in: what it was not to have, it should have from now on. */
  async #noteNewMemberships(block: BlockView, result: MvccResult): Promise<void> {
    const { ledger } = this.#modules;
    for (const { chaincode, collections } of await definedCollections(block.number, result, ledger.state)) {
      const before = await this.#definitions.find(chaincode);
      if (before === null) {
        continue;
      }
      const what = 'protos.CollectionConfigPackage';
      const joined = decodeMessage(peer.CollectionConfigPackage, collections, what)
        .getConfigList()
        .flatMap((one) => one.getStaticCollectionConfig() ?? [])
        .filter((after) => {
          const was = before.collections.get(after.getName());
          return was !== undefined && !isMember(this.#options.mspId, was) && isMember(this.#options.mspId, after);
        });
      if (joined.length > 0) {
        await ledger.privateData.becameEligible(
          block.number,
          joined.map((one) => ({ namespace: chaincode, collection: one.getName() })),
        );
      }
    }
  }

  /** What came with the block, else what the transient store has, each only where it is what the block has the hash of. */
  async #gather(wanted: readonly WantedData[], given: readonly TxPrivateData[]): Promise<readonly TxPrivateData[]> {
    const found = new Map<number, CollectionData[]>();
    const take = (want: WantedData, from: readonly CollectionData[]): boolean => {
      const { tx, namespace, collection, hash } = want;
      const data = from.find(
        (one) => one.namespace === namespace && one.collection === collection && isExpectedRwset(one.rwset, hash),
      );
      if (data === undefined) {
        return false;
      }
      found.set(tx, [...(found.get(tx) ?? []), data]);
      return true;
    };
    const missing = wanted.filter((want) => !take(want, given.find(({ tx }) => tx === want.tx)?.collections ?? []));
    for (const [txId, wants] of Map.groupBy(missing, (want) => want.txId)) {
      let open: readonly WantedData[] = wants;
      for await (const { data } of this.#modules.transientStore.ofTransaction(txId)) {
        const collections = endorsedData(data);
        open = open.filter((want) => !take(want, collections));
        if (open.length === 0) {
          break;
        }
      }
    }
    return [...found].toSorted(([a], [b]) => a - b).map(([tx, collections]) => ({ tx, collections }));
  }

  /** A failure leaves data behind that the retention drops later: no reason to stop. */
  async #purge(block: BlockView, hadPrivateData: boolean): Promise<void> {
    const { transientStore } = this.#modules;
    const { transientRetention } = this.#options;
    try {
      if (hadPrivateData) {
        await transientStore.purgeTransactions(txIdsOf(block));
      }
      if (block.number > transientRetention && block.number % transientRetention === 0) {
        await transientStore.purgeBelow(block.number - transientRetention);
      }
    } catch {
      // The store says so itself when it is used next.
    }
  }
}

function nameOf(namespace: string, collection: string): string {
  return `${namespace}\u0000${collection}`;
}

/** Of transactions that can be read; whatever became of them. */
function txIdsOf(block: BlockView): readonly string[] {
  return block.envelopes.flatMap((envelope) => {
    try {
      const { txId } = envelope.channelHeader;
      return txId === '' || txId.includes('\u0000') ? [] : [txId];
    } catch (error) {
      if (error instanceof ProtoError) {
        return [];
      }
      throw error;
    }
  });
}

function wantedData(block: BlockView, codes: Uint8Array): readonly WantedData[] {
  const wanted: WantedData[] = [];
  for (const [tx, envelope] of block.envelopes.entries()) {
    if (codes[tx] !== VALID || envelope.channelHeader.typeName !== 'ENDORSER_TRANSACTION') {
      continue;
    }
    const { txId } = envelope.channelHeader;
    for (const { namespace, collections } of envelope.transaction.action.readWriteSet.namespaces) {
      for (const { name: collection, privateHash: hash } of collections) {
        // A collection that was only read has no hash of writes.
        if (hash.length > 0) {
          wanted.push({ tx, txId, namespace, collection, hash });
        }
      }
    }
  }
  return wanted;
}

/** Of one endorsement as the transient store keeps it, a `TxPvtReadWriteSetWithConfigInfo`; nothing of what cannot be read. */
function endorsedData(bytes: Uint8Array): readonly CollectionData[] {
  try {
    // By hand: the message holds a map, which the generated decoder would read unchecked.
    const fields = wireFields(bytes, 'transientstore.TxPvtReadWriteSetWithConfigInfo');
    const set = fields.findLast(({ field }) => field === PRIVATE_WRITE_SET);
    return set === undefined ? [] : decodeTxPrivateData(0, set.bytes).collections;
  } catch (error) {
    if (error instanceof ProtoError || error instanceof PrivateDataError) {
      return [];
    }
    throw error;
  }
}
