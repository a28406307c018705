import { hash } from 'node:crypto';
import type { BlockView } from '#node/protos/blockView.ts';
import type { ConfigView } from '#node/protos/configView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { definitionsOf } from '#node/protos/lifecycleView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import type { PartialIdentity } from '#trace/identity.ts';
import { ECS_VERSION, type FtlFields, RECORD_VERSION, type StoredRecord, traceIdOf } from '#trace/record.ts';
import { identityOf } from './blockIdentity.ts';
import { chaincodeDefinitionOf, channelConfigOf, consenterIdentities } from './networkFacts.ts';
import { printable } from './printable.ts';
import { type DecodedTransaction, decodeTransaction } from './transactionRecord.ts';

/** Facts remembered as told; beyond, they are told again, and their IDs make the repetition harmless. */
const MAX_TOLD = 10_000;
/** Configurations kept, for signers that a block names by number only. */
const MAX_CONFIGS = 64;
const MAX_ERROR = 300;
/** Time of a record whose block has none. */
const NO_TIME = '1970-01-01T00:00:00.000000Z';

/** What one source remembers from block to block. */
export class BlockMemory {
  readonly #told = new Set<string>();
  readonly #configs = new Map<string, ConfigView>();

  /** True the first time it is asked for a fact. */
  isNew(fact: string): boolean {
    if (this.#told.has(fact)) {
      return false;
    }
    if (this.#told.size >= MAX_TOLD) {
      this.#told.clear();
    }
    this.#told.add(fact);
    return true;
  }

  keepConfig(channel: string, block: number, config: ConfigView): void {
    if (this.#configs.size >= MAX_CONFIGS) {
      this.#configs.delete(this.#configs.keys().next().value as string);
    }
    this.#configs.set(`${channel}\0${block}`, config);
  }

  config(channel: string, block: number): ConfigView | null {
    return this.#configs.get(`${channel}\0${block}`) ?? null;
  }
}

/** All records of an intact block: header, transactions, then the facts of the network that are new to `memory`. */
export function blockRecords(block: BlockView, channel: string, memory: BlockMemory): StoredRecord[] {
  return new Writer(block, channel, memory).write();
}

class Writer {
  readonly #block: BlockView;
  readonly #channel: string;
  readonly #memory: BlockMemory;
  readonly #hash: string;
  readonly #transactions: readonly DecodedTransaction[];
  /** The latest of the transactions' times. */
  readonly #time: string;
  readonly #facts: StoredRecord[] = [];
  /** Of parts that belong to no transaction. */
  readonly #errors: string[] = [];

  constructor(block: BlockView, channel: string, memory: BlockMemory) {
    this.#block = block;
    this.#channel = channel;
    this.#memory = memory;
    this.#hash = hex(block.hash);
    this.#transactions = block.envelopes.map((_, index) => decodeTransaction(block, index));
    this.#time = this.#transactions.reduce((latest, { time }) => (time !== null && time > latest ? time : latest), '');
    this.#time ||= NO_TIME;
  }

  write(): StoredRecord[] {
    const signers = this.#part(() => this.#signers()) ?? [];
    for (const [index, one] of this.#transactions.entries()) {
      this.#factsOf(one, index);
    }
    for (const signer of signers) {
      this.#identity(signer);
    }
    return [this.#header(signers), ...this.#transactions.map((one) => this.#transaction(one)), ...this.#facts];
  }

  #header(signers: PartialIdentity[]): StoredRecord {
    const block = this.#block;
    const commitHash = this.#part(() => block.commitHash);
    const fields: Partial<FtlFields> = {
      block: {
        number: block.number,
        hash: this.#hash,
        // The schema has no word for hashes of another length: such a header is not Fabric's.
        ...(block.previousHash.length === 32 || block.previousHash.length === 0
          ? { previous_hash: hex(block.previousHash) }
          : {}),
        data_hash: hex(block.dataHash),
      },
      txs: this.#transactions.map(({ fields: { tx_id: id, tx_type: type, code } }) => ({
        id,
        ...(type === undefined ? {} : { type }),
        ...(code === undefined ? {} : { code }),
      })),
      ...(commitHash?.length === 32 ? { commit_hash: hex(commitHash) } : {}),
    };
    const error = this.#errors[0];
    // Copies differ in signatures, codes and commit hash. Whether a signer's number could be looked up is no difference.
    const signatures = this.#part(() => block.signatures.map(({ creator, consenterId }) => creator ?? consenterId));
    const origin = hash('sha256', JSON.stringify([fields, signatures?.map(rawSigner)]), 'hex');
    return this.#stored('block.header', { ...fields, signers, ...(error === undefined ? {} : { error }) }, origin);
  }

  #transaction({ fields, time }: DecodedTransaction): StoredRecord {
    const record = { ...fields, block: { number: this.#block.number, hash: this.#hash } };
    const traceId = traceIdOf(this.#channel, fields.tx_id);
    // The block's hash stands for all of its data; the code is the peer's addition.
    return this.#stored('block.tx', record, `${fields.tx_index}\0${fields.code ?? ''}`, {
      time: time ?? this.#time,
      traceId,
    });
  }

  #factsOf({ fields, action }: DecodedTransaction, index: number): void {
    for (const endorser of fields.endorsers ?? []) {
      this.#identity(endorser);
    }
    // An orderer's copy has no codes: a configuration in it was accepted by the orderers, a definition may yet be refused.
    if (fields.tx_type === 'CONFIG' && (fields.code ?? 'VALID') === 'VALID') {
      this.#configuration(index);
    }
    if (action !== null && fields.code === 'VALID') {
      for (const view of this.#part(() => definitionsOf(action)) ?? []) {
        const definition = chaincodeDefinitionOf(view);
        this.#fact('chaincode.definition', { definition }, JSON.stringify(definition));
      }
    }
  }

  #configuration(index: number): void {
    this.#part(() => {
      const config = (this.#block.envelopes[index] as EnvelopeView).config;
      const ids = config.consensusType === 'etcdraft' ? this.#block.consenterIds : [];
      const fields = channelConfigOf(config, ids);
      const consenters = consenterIdentities(config);
      this.#memory.keepConfig(this.#channel, this.#block.number, config);
      this.#fact('channel.config', { config: fields }, JSON.stringify(fields));
      for (const consenter of consenters) {
        this.#identity(consenter);
      }
    });
  }

  /** Orderers that signed. One named by number only (BFT) is looked up in the configuration in force, if that was seen. */
  #signers(): PartialIdentity[] {
    return this.#block.signatures.map(({ creator, consenterId }) => {
      if (creator !== null) {
        return creator.length === 0 ? { kind: 'orderer' } : identityOf(IdentityView.fromBytes(creator), 'orderer');
      }
      const config = this.#memory.config(this.#channel, this.#block.lastConfig ?? 0);
      const identity = config?.consenters.find(({ id }) => id === consenterId)?.identity;
      return identity?.certificate ? identityOf(identity, 'orderer') : { kind: 'orderer', consenter: consenterId };
    });
  }

  #fact(point: FtlFields['point'], fields: Partial<FtlFields>, content: string): void {
    const block = { number: this.#block.number, hash: this.#hash };
    const stored = this.#stored(point, { block, ...fields }, content);
    if (this.#memory.isNew(stored.id)) {
      this.#facts.push(stored);
    }
  }

  /** Who it is does not depend on channel or block: neither does the ID. */
  #identity(identity: PartialIdentity): void {
    if (identity.name === undefined && identity.fingerprint === undefined && identity.address === undefined) {
      return;
    }
    const id = identityRecordId(identity);
    if (this.#memory.isNew(id)) {
      this.#facts.push({ id, record: recordOf('node.identity', { sender: identity }, this.#time) });
    }
  }

  #stored(
    point: FtlFields['point'],
    fields: Partial<FtlFields>,
    content: string,
    options: { readonly time?: string; readonly traceId?: string } = {},
  ): StoredRecord {
    const id = hash('sha256', `${this.#channel}\0${this.#hash}\0${point}\0${content}`, 'hex').slice(0, 16);
    const all = { channel: this.#channel, ...fields };
    return { id, record: recordOf(point, all, options.time ?? this.#time, options.traceId) };
  }

  #part<T>(read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ProtoError)) {
        throw error;
      }
      this.#errors.push(printable(error.message.slice(0, MAX_ERROR)));
      return null;
    }
  }
}

const identityIds = new WeakMap<PartialIdentity, string>();

function identityRecordId(identity: PartialIdentity): string {
  let id = identityIds.get(identity);
  if (id === undefined) {
    id = hash('sha256', `node.identity\0block\0${JSON.stringify(identity)}`, 'hex').slice(0, 16);
    identityIds.set(identity, id);
  }
  return id;
}

function recordOf(
  point: FtlFields['point'],
  fields: Partial<FtlFields>,
  time: string,
  traceId?: string,
): StoredRecord['record'] {
  return {
    '@timestamp': time,
    'ecs.version': ECS_VERSION,
    ...(traceId === undefined ? {} : { 'trace.id': traceId }),
    ftl: { version: RECORD_VERSION, point, ...fields, source: 'block' },
  };
}

const rawSigner = (signer: Uint8Array | number | null): string | number | null =>
  signer instanceof Uint8Array ? hash('sha256', signer, 'hex') : signer;

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
