import type { CommittedBlock } from '#node/commit/blockStages.ts';
import { commitRecord } from '#node/commit/commitRecord.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { IdentityView } from '#node/protos/serializedIdentity.ts';
import { identityId, type PartialIdentity } from '#trace/identity.ts';
import { type BlockRef, traceIdOf, type TxRef } from '#trace/record.ts';
import type { RecordFields } from './recordLines.ts';
import type { RecordWriter } from './recordWriter.ts';
import type { Party, StepResult, Tracer, TransactionStep } from './tracer.ts';

/** Trace IDs kept: a transaction has a few records, close together. */
const MAX_TRACE_IDS = 4096;
/** As the schema of a record has it. */
const MAX_TX_ID = 256;
const MAX_ERROR = 4096;
const MAX_CHAINCODES = 256;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Turns what happens in a node into records (docs/reference/trace-points.md). */
export class NodeTracer implements Tracer {
  readonly #writer: Pick<RecordWriter, 'record' | 'self'>;
  readonly #self: PartialIdentity;
  readonly #identities = new WeakMap<IdentityView, PartialIdentity>();
  /** The party that an identity was last: mostly it calls again from where it called before. */
  readonly #parties = new WeakMap<IdentityView, { readonly like: Party; readonly party: PartialIdentity }>();
  readonly #chaincodes = new Map<string, PartialIdentity>();
  readonly #traceIds = new Map<string, string>();

  constructor(modules: { readonly writer: Pick<RecordWriter, 'record' | 'self'> }) {
    this.#writer = modules.writer;
    this.#self = modules.writer.self;
  }

  nodeStart(version: string, address?: string): void {
    const sender = address === undefined ? this.#self : { ...this.#self, address };
    this.#record(() => ({ point: 'node.start', sender, node_version: version }));
  }

  endorseRequest(step: TransactionStep): void {
    this.#transaction(step, () => ({ ...this.#step('endorse.request', step), receiver: this.#self }));
  }

  endorseResponse(step: StepResult): void {
    const readOnly = step.readOnly === true ? { read_only: true } : {};
    this.#transaction(step, () => ({ ...this.#result('endorse.response', step), ...readOnly, receiver: this.#self }));
  }

  chaincodeInvoke(step: StepResult & { readonly packageId: string }): void {
    this.#transaction(step, () => ({
      ...this.#result('chaincode.invoke', step),
      sender: this.#self,
      receiver: this.#chaincode(step.chaincode ?? ''),
      package_id: step.packageId,
    }));
  }

  broadcastRequest(step: TransactionStep): void {
    this.#transaction(step, () => ({ ...this.#step('broadcast.request', step), receiver: this.#self }));
  }

  broadcastResponse(step: StepResult): void {
    this.#transaction(step, () => ({ ...this.#result('broadcast.response', step), receiver: this.#self }));
  }

  orderBlock(channelId: string, block: BlockView, stage: 'created' | 'written', durationUs: number): void {
    this.#record(() => ({
      point: 'order.block',
      channel: channelId,
      stage,
      sender: this.#self,
      block: blockRef(block),
      // Whoever wrote a block need not name its transactions again.
      ...(stage === 'created' ? { txs: txRefs(block) } : {}),
      tx_count: block.envelopes.length,
      duration_us: durationUs,
    }));
  }

  deliverSend(channelId: string, block: BlockView, receiver: Party): void {
    this.#record(() => ({
      point: 'deliver.send',
      channel: channelId,
      sender: this.#self,
      receiver: this.#party(receiver),
      block: blockRef(block),
    }));
  }

  deliverSubscribe(channelId: string, fromBlock: number, orderer: Party): void {
    this.#record(() => ({
      point: 'deliver.subscribe',
      channel: channelId,
      sender: this.#party({ kind: 'orderer', ...orderer }),
      receiver: this.#self,
      block: { number: fromBlock },
    }));
  }

  deliverBlock(channelId: string, block: BlockView, orderer: Party): void {
    this.#record(() => ({
      point: 'deliver.block',
      channel: channelId,
      sender: this.#party({ kind: 'orderer', ...orderer }),
      receiver: this.#self,
      block: blockRef(block),
    }));
  }

  commit(block: CommittedBlock, sender: Party | null): void {
    this.#record(() => {
      const from = sender === null ? {} : { sender: this.#party(sender) };
      // The writer puts version and time in.
      const { version: _, ...fields } = commitRecord(block, { at: '', self: this.#self, ...from }).ftl;
      return fields;
    });
  }

  configUpdate(channelId: string, block: BlockView, sequence: number): void {
    this.#record(() => ({
      point: 'config.update',
      channel: channelId,
      sender: this.#self,
      block: blockRef(block),
      config_sequence: sequence,
    }));
  }

  leaderGossip(channelId: string, stage: 'elected' | 'resigned'): void {
    this.#record(() => ({ point: 'leader.gossip', channel: channelId, stage, sender: this.#self }));
  }

  leaderConsensus(channelId: string, node: number, leader: number): void {
    this.#record(() => ({
      point: 'leader.consensus',
      channel: channelId,
      sender: this.#self,
      consensus: { node, leader },
    }));
  }

  #record(make: () => RecordFields): void {
    this.#writer.record(() => ({ fields: make(), traceId: null }));
  }

  #transaction({ channelId, txId }: TransactionStep, make: () => RecordFields): void {
    this.#writer.record(() => ({
      fields: make(),
      traceId: channelId === '' || txId === '' ? null : this.#traceId(channelId, txId),
    }));
  }

  /** Written out member by member: it is made for each record of a transaction. */
  #step(point: RecordFields['point'], step: TransactionStep): Writable<RecordFields> {
    const fields: Writable<RecordFields> = { point };
    if (step.channelId !== '') {
      fields.channel = step.channelId;
    }
    // An update of the configuration has none.
    if (step.txId !== '') {
      fields.tx_id = step.txId.length > MAX_TX_ID ? step.txId.slice(0, MAX_TX_ID) : step.txId;
    }
    if (step.type !== undefined) {
      fields.tx_type = step.type;
    }
    fields.sender = this.#party(step.caller);
    if (step.chaincode !== undefined) {
      fields.chaincode = step.chaincode;
    }
    if (step.function !== undefined) {
      fields.function = step.function;
    }
    if (step.traceparent != null) {
      fields.traceparent = step.traceparent;
    }
    return fields;
  }

  #result(point: RecordFields['point'], step: StepResult): Writable<RecordFields> {
    const fields = this.#step(point, step);
    fields.status = step.status;
    if (step.error !== undefined) {
      fields.error = step.error.slice(0, MAX_ERROR);
    }
    fields.duration_us = step.durationUs;
    return fields;
  }

  #party(like: Party): PartialIdentity {
    const { identity, kind, address, name } = like;
    const known = identity === undefined ? undefined : this.#parties.get(identity);
    if (known !== undefined && sameParty(known.like, like)) {
      return known.party;
    }
    const party = {
      ...(identity === undefined ? {} : this.#identity(identity)),
      ...(kind === undefined ? {} : { kind }),
      ...(address === undefined ? {} : { address }),
      ...(name === undefined ? {} : { name }),
    };
    if (identity !== undefined) {
      this.#parties.set(identity, { like, party });
    }
    return party;
  }

  #chaincode(name: string): PartialIdentity {
    let chaincode = this.#chaincodes.get(name);
    if (chaincode === undefined) {
      chaincode = { kind: 'chaincode', name };
      // Names that no chaincode has come from clients.
      if (this.#chaincodes.size >= MAX_CHAINCODES) {
        this.#chaincodes.clear();
      }
      this.#chaincodes.set(name, chaincode);
    }
    return chaincode;
  }

  #identity(view: IdentityView): PartialIdentity {
    let identity = this.#identities.get(view);
    if (identity === undefined) {
      const { mspId, commonName, fingerprint } = view;
      identity = {
        ...(commonName === null ? {} : { id: identityId(mspId, commonName) }),
        msp: mspId,
        ...(commonName === null ? {} : { name: commonName }),
        ...(fingerprint === null ? {} : { fingerprint }),
        ...(view.role === null ? {} : { kind: view.role === 'admin' ? 'client' : view.role }),
      };
      this.#identities.set(view, identity);
    }
    return identity;
  }

  #traceId(channelId: string, txId: string): string {
    const key = `${channelId}\0${txId}`;
    let traceId = this.#traceIds.get(key);
    if (traceId === undefined) {
      traceId = traceIdOf(channelId, txId);
      if (this.#traceIds.size >= MAX_TRACE_IDS) {
        this.#traceIds.clear();
      }
      this.#traceIds.set(key, traceId);
    }
    return traceId;
  }
}

function sameParty(one: Party, other: Party): boolean {
  return one.address === other.address && one.kind === other.kind && one.name === other.name;
}

function blockRef({ number, hash, previousHash, dataHash }: BlockView): BlockRef {
  return {
    number,
    hash: hex(hash),
    previous_hash: hex(previousHash),
    ...(dataHash.length === 32 ? { data_hash: hex(dataHash) } : {}),
  };
}

function txRefs(block: BlockView): TxRef[] {
  return block.envelopes.map(({ channelHeader: { txId, typeName } }) => ({ id: txId, type: typeName }));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
