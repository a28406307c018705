import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { peer } from '@hyperledger/fabric-protos';
import type { Broadcaster } from '#node/client/broadcast.ts';
import { ClientError } from '#node/client/clientError.ts';
import type { CommitWatcher } from '#node/client/commitWatcher.ts';
import { agreed, type Endorsements, evaluate, propose } from '#node/client/endorse.ts';
import { createProposal, type Proposal, type ProposalRequest, signProposal } from '#node/client/proposal.ts';
import { assembleTransaction } from '#node/client/transaction.ts';
import type { Signer } from '#node/crypto/sign.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { VALID } from '#node/protos/enumNames.ts';
import { AssetPool } from './assetPool.ts';
import { type LoadReport, LoadStatistics } from './loadStatistics.ts';
import { type Mix, type Operation, pick } from './mix.ts';

export interface LoadOptions {
  readonly channelId: string;
  readonly chaincode: string;
  readonly mix: Mix;
  /** Operations a second; 0: as many as `inFlight` allows. */
  readonly rate: number;
  /** At a time; more wait. */
  readonly inFlight: number;
  /** Ends after so many operations, or so long, whichever is first; null: when the signal says so. */
  readonly count: number | null;
  readonly durationMs: number | null;
  /** For each transaction, from its proposal to its block. */
  readonly timeoutMs: number;
  /** After which an asset that was committed is used again. Default one second. */
  readonly settleMs?: number;
}

export interface LoadModules {
  /** In whose names; taken in turn. */
  readonly users: readonly Signer[];
  /** One of each organisation that must endorse. */
  readonly endorsers: readonly GrpcClient[];
  readonly orderer: Pick<Broadcaster, 'send'>;
  readonly commits: Pick<CommitWatcher, 'wait'>;
  /** From 0 up to 1. */
  readonly random?: () => number;
  /** Milliseconds, only ever growing. */
  readonly now?: () => number;
}

const REMEMBERED = 1000;
/** What is committed at the peer that is followed is so at the others a little later. */
const SETTLE_MS = 1000;
const OWNERS = ['Ada', 'Blaise', 'Carl', 'Dorothy', 'Emmy', 'Felix', 'Grace', 'Henri'];

/** Sends proposals and transactions to a network as several clients would, and counts what comes of them. */
export class LoadGenerator {
  readonly #options: LoadOptions;
  readonly #modules: LoadModules;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #statistics: LoadStatistics;
  readonly #assets = new AssetPool(REMEMBERED);
  /** Tells the assets of this load from those of others. */
  readonly #run = randomBytes(4).toString('hex');
  #number = 0;

  constructor(options: LoadOptions, modules: LoadModules) {
    this.#options = options;
    this.#modules = modules;
    this.#random = modules.random ?? Math.random;
    this.#now = modules.now ?? (() => performance.now());
    this.#statistics = new LoadStatistics(this.#now);
  }

  /** What it has come to so far. */
  report(): LoadReport {
    return this.#statistics.report();
  }

  /** Sends until it is done or told to stop; what is on its way then is still waited for. Does not reject because of the network. */
  async run(signal: AbortSignal): Promise<LoadReport> {
    const { rate, inFlight, count, durationMs } = this.#options;
    const begin = this.#now();
    const running = new Set<Promise<void>>();
    const last = count ?? Infinity;
    for (let started = 0; started < last; started++) {
      if (running.size >= inFlight) {
        await Promise.race(running);
      }
      const due = rate === 0 ? begin : begin + (started * 1000) / rate;
      const wait = due - this.#now();
      if (wait > 0) {
        await delay(wait, undefined, { signal }).catch(() => {});
      }
      if (signal.aborted || (durationMs !== null && this.#now() - begin >= durationMs)) {
        break;
      }
      const one = this.#operation().finally(() => running.delete(one));
      running.add(one);
    }
    await Promise.all(running);
    return this.report();
  }

  async #operation(): Promise<void> {
    const wanted = pick(this.#options.mix, this.#random());
    const needsAsset = !['create', 'list', 'fail', 'disagree', 'unendorsed', 'forged'].includes(wanted);
    // Nothing there yet to be changed or read.
    const operation = needsAsset && this.#assets.size === 0 ? 'create' : wanted;
    switch (operation) {
      case 'read':
        return this.#query(operation, ['ReadAsset', this.#existing()]);
      case 'list':
        return this.#query(operation, ['ListAssets', '']);
      case 'history':
        return this.#query(operation, ['AssetHistory', this.#existing()]);
      case 'conflict':
        return this.#conflict();
      default:
        await this.#change(operation);
    }
  }

  async #change(operation: Operation): Promise<void> {
    const id =
      operation === 'create' || operation === 'unendorsed' || operation === 'forged' || operation === 'disagree'
        ? this.#newId()
        : (this.#assets.take(this.#random()) ?? this.#newId());
    const valid = await this.#transaction(operation, this.#request(operation, id));
    const there = operation === 'create' ? valid : operation !== 'unendorsed' && operation !== 'forged';
    if (there && operation !== 'disagree' && !(operation === 'delete' && valid)) {
      this.#remember(id);
    }
  }

  #request(operation: Operation, id: string): ProposalRequest {
    const value = String(Math.floor(this.#random() * 1000));
    switch (operation) {
      case 'update':
        return this.#invoke(['UpdateAsset', id, value]);
      case 'transfer':
        return this.#invoke(['TransferAsset', id, this.#owner()]);
      case 'delete':
        return this.#invoke(['DeleteAsset', id]);
      case 'details':
        return { ...this.#invoke(['SetDetails', id]), transient: { details: Buffer.from(`appraised at ${value}`) } };
      case 'fail':
        return this.#invoke(['Fail', 'asked to fail by the load']);
      case 'disagree':
        return this.#invoke(['Disagree', id]);
      default:
        return this.#invoke(['CreateAsset', id, this.#owner(), value]);
    }
  }

  /** Both are endorsed before either is sent: they read the same version. */
  async #conflict(): Promise<void> {
    const id = this.#assets.take(this.#random()) ?? this.#newId();
    const gate = { open: Promise.withResolvers<void>(), waiting: 2 };
    const pass = async (): Promise<void> => {
      gate.waiting--;
      if (gate.waiting === 0) {
        gate.open.resolve();
      }
      await gate.open.promise;
    };
    const requests = [this.#request('update', id), this.#request('transfer', id)];
    await Promise.all(requests.map((request) => this.#transaction('conflict', request, pass)));
    this.#remember(id);
  }

  /** From then on it may be read and changed, at whatever peer. */
  #remember(id: string): void {
    setTimeout(() => this.#assets.add(id), this.#options.settleMs ?? SETTLE_MS).unref();
  }

  async #query(operation: Operation, args: readonly string[]): Promise<void> {
    const signer = this.#user();
    const { endorsers } = this.#modules;
    const client = endorsers[this.#number % endorsers.length] as GrpcClient;
    const begin = this.#begin(operation);
    try {
      const proposal = createProposal(this.#invoke(args), signer);
      await evaluate(client, await signProposal(proposal, signer), { timeoutMs: this.#options.timeoutMs });
      this.#statistics.took('endorse', this.#now() - begin);
      this.#statistics.ended('read');
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param beforeSending is called in any case @returns whether it was valid */
  async #transaction(
    operation: Operation,
    request: ProposalRequest,
    beforeSending: () => Promise<void> = () => Promise.resolve(),
  ): Promise<boolean> {
    const signer = this.#user();
    const begin = this.#begin(operation);
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(this.#options.timeoutMs)]);
    try {
      const proposal = createProposal(request, signer);
      const endorsements = await this.#endorse(operation, proposal, { signer, signal, afterwards: beforeSending });
      const endorsedAt = this.#now();
      this.#statistics.took('endorse', endorsedAt - begin);
      const envelope = await assembleTransaction(proposal, endorsements, signer);
      const committed = this.#modules.commits.wait(proposal.txId, signal);
      committed.catch(() => {});
      await this.#modules.orderer.send(envelope, signal);
      this.#statistics.took('submit', this.#now() - endorsedAt);
      const { code, codeName } = await committed;
      this.#statistics.took('commit', this.#now() - begin);
      this.#statistics.ended(codeName);
      return code === VALID;
    } catch (error) {
      this.#failed(error);
      return false;
    } finally {
      stop.abort();
    }
  }

  async #endorse(
    operation: Operation,
    proposal: Proposal,
    {
      signer,
      signal,
      afterwards,
    }: { readonly signer: Signer; readonly signal: AbortSignal; readonly afterwards: () => Promise<void> },
  ): Promise<Endorsements> {
    // The signature of another proposal, where it is to be forged.
    const signedOver = operation === 'forged' ? createProposal(this.#invoke(['Fail', '']), signer) : proposal;
    const signed = await signProposal(signedOver, signer);
    const bytes = operation === 'forged' ? withProposal(signed, proposal) : signed;
    const endorsers = operation === 'unendorsed' ? this.#modules.endorsers.slice(0, 1) : this.#modules.endorsers;
    try {
      return agreed(await Promise.all(endorsers.map((client) => propose(client, bytes, { signal }))));
    } finally {
      await afterwards();
    }
  }

  #begin(operation: Operation): number {
    this.#statistics.sent(operation);
    return this.#now();
  }

  #failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    this.#statistics.failed(timedOut ? 'timeout' : error instanceof ClientError ? error.code : 'error', message);
  }

  #invoke(args: readonly string[]): ProposalRequest {
    return { channelId: this.#options.channelId, chaincode: this.#options.chaincode, args };
  }

  #user(): Signer {
    const { users } = this.#modules;
    return users[this.#number++ % users.length] as Signer;
  }

  #newId(): string {
    return `load-${this.#run}-${this.#number++}`;
  }

  #existing(): string {
    return this.#assets.look(this.#random()) ?? this.#newId();
  }

  #owner(): string {
    return OWNERS[Math.floor(this.#random() * OWNERS.length)] as string;
  }
}

function withProposal(signedProposal: Uint8Array, proposal: Proposal): Uint8Array {
  const message = peer.SignedProposal.deserializeBinary(signedProposal);
  message.setProposalBytes(proposal.bytes);
  return message.serializeBinary();
}
