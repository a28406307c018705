import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { Signer } from '#node/crypto/sign.ts';
import type { CallContext, GrpcService } from '#node/grpc/service.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import type { IdentityDeserializer } from '#node/msp/mspIdentity.ts';
import type { PeerChannel, PeerChannels } from '#node/peer/peerChannel.ts';
import type { ResponseMessage } from '#node/protos/transactionMessages.ts';
import { recordedText } from '#node/util/errorText.ts';
import type { AccessChecks } from './accessChecks.ts';
import { type AuthFilterOptions, checkAuthFilters } from './authFilters.ts';
import { type CheckedProposal, checkProposal } from './checkProposal.ts';
import { EndorsementPlugins, type EndorsementPluginFactory } from './endorsementPlugins.ts';
import { EndorserError, messageOf, prefixed } from './endorserError.ts';
import type { ExecutionModules } from './executeChaincode.ts';
import type { EndorserMetrics } from './metrics.ts';
import { type ImplicitCollectionOptions, NO_DISTRIBUTION, type PrivateDataDistributor } from './privateData.ts';
import { encodeProposalResponse, encodeResponsePayload, errorResponse } from './proposalResponse.ts';
import { type Answer, ProposalTrace } from './proposalTrace.ts';
import { ERROR_THRESHOLD, type SimulatedProposal, simulateProposal, WITHOUT_SIMULATOR } from './simulateProposal.ts';
import {
  decodeSignedProposal,
  type ProposedInvocation,
  type ReceivedProposal,
  unpackHeaders,
  unpackInvocation,
  type UnpackedProposal,
} from './unpackProposal.ts';

/** From here on a refusal comes with what was simulated (Fabric, `shim.ERROR`). */
const ERROR = 500;
/** Characters of a gRPC status, which goes into a header: texts repeat what the client sent. */
const MAX_STATUS_LENGTH = 4096;

export interface EndorserOptions {
  readonly authFilters?: AuthFilterOptions;
  /** Proposals at a time, `peer.limits.concurrency.endorserService`; 0 or absent: no limit. */
  readonly maxConcurrency?: number;
  /** By the names that chaincode definitions give, beside `escc`. */
  readonly plugins?: Readonly<Record<string, EndorsementPluginFactory>>;
  readonly implicitCollections: ImplicitCollectionOptions;
}

export interface EndorserModules extends ExecutionModules {
  readonly channels: PeerChannels;
  /** For proposals outside any channel. */
  readonly localMsp: IdentityDeserializer;
  readonly access: AccessChecks;
  /** The peer's identity. */
  readonly signer: Signer;
  /** Default: private data stays on this peer. */
  readonly distributor?: PrivateDataDistributor;
  readonly metrics?: EndorserMetrics;
  /** Default: the system's clock. */
  readonly now?: () => Date;
}

/**
 * What happens when a proposal arrives.
 *
 * ```
 * bytes
 *   │               headers decode                                              unpackProposal.ts
 * ReceivedProposal  trace `endorse.request`                                     proposalTrace.ts
 *   │               creator's certificate has not expired, clocks agree         authFilters.ts
 *   │               chaincode and input decode; proposal hash                   unpackProposal.ts
 * UnpackedProposal
 *   │               the channel is here
 *   │               type, epoch, nonce, transaction ID; creator and signature   checkProposal.ts
 * CheckedProposal
 *   │               not in the ledger; creator may propose; the channel goes on
 *   │  - - - - - -  up to here an error ends the call, from here on it is an answer with status 500  - - - -
 *   │               definition; initialisation; the chaincode runs              simulateProposal.ts, executeChaincode.ts
 * SimulatedProposal trace `chaincode.invoke`
 *   │               private data to other peers and to the transient store      privateData.ts
 *   │               endorsement, unless the chaincode refused                   endorsementPlugins.ts
 * bytes             trace `endorse.response`                                    proposalResponse.ts
 * ```
 */
export class Endorser {
  readonly #options: EndorserOptions;
  readonly #modules: EndorserModules;
  readonly #plugins: EndorsementPlugins;

  constructor(options: EndorserOptions, modules: EndorserModules) {
    this.#options = options;
    this.#modules = modules;
    this.#plugins = new EndorsementPlugins({ custom: options.plugins ?? {} }, { signer: modules.signer });
  }

  /** `protos.Endorser`. */
  get service(): GrpcService {
    return {
      name: 'protos.Endorser',
      methods: {
        ProcessProposal: {
          kind: 'unary',
          handle: (request, context) => this.processProposal(request, context),
        },
      },
      maxConcurrency: this.#options.maxConcurrency ?? 0,
    };
  }

  /**
   * @param request a serialised `protos.SignedProposal`
   * @returns a serialised `protos.ProposalResponse`
   * @throws RpcError INTERNAL for bytes that are none, UNKNOWN for a proposal that is turned down, UNAVAILABLE on a channel that takes no
   *   more blocks
   */
  async processProposal(request: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const { metrics, tracer } = this.#modules;
    const signedProposal = decodeSignedProposal(request);
    metrics?.received.inc();
    let trace: ProposalTrace | null = null;
    try {
      const received = unpackHeaders(signedProposal);
      const invocation = attempt(() => unpackInvocation(received));
      trace = new ProposalTrace(received, invocation.value, context, tracer);
      const answer = await this.#answer(received, invocation, trace);
      trace.answered(answer);
      return answer.bytes;
    } catch (error) {
      trace?.refused(recordedText(error));
      if (!(error instanceof EndorserError)) {
        throw error;
      }
      if (error.code !== 'duplicate' && error.code !== 'not_allowed' && error.code !== 'stopped') {
        metrics?.validationFailures.inc();
      }
      throw new RpcError(
        error.code === 'stopped' ? 'UNAVAILABLE' : 'UNKNOWN',
        error.message.slice(0, MAX_STATUS_LENGTH),
        { cause: error },
      );
    }
  }

  async #answer(
    received: ReceivedProposal,
    invocation: Attempt<ProposedInvocation>,
    trace: ProposalTrace,
  ): Promise<Answer> {
    const { authFilters = {} } = this.#options;
    const { channels, localMsp, now = () => new Date() } = this.#modules;
    checkAuthFilters(received, authFilters, now());
    if (invocation.value === null) {
      throw invocation.error;
    }
    const { channelId } = received;
    const channel = channelId === '' ? null : channels.channel(channelId);
    if (channel === null && channelId !== '') {
      return failure(`channel '${channelId}' not found`);
    }
    const unpacked: UnpackedProposal = { ...received, ...invocation.value };
    if (channel === null) {
      return this.#endorse(await checkProposal(unpacked, localMsp), null, trace);
    }
    // One configuration for all checks, whatever is committed meanwhile.
    const { bundle } = channel;
    const proposal = await checkProposal(unpacked, bundle.mspManager);
    await this.#checkChannel(proposal, channel, bundle);
    return this.#endorse(proposal, channel, trace);
  }

  /** @throws EndorserError `duplicate`, `not_allowed`, `stopped` */
  async #checkChannel(proposal: CheckedProposal, channel: PeerChannel, bundle: ChannelBundle): Promise<void> {
    const { access, metrics, systemChaincodes } = this.#modules;
    const { channelId, txId, chaincode, creator, bytes, signature, identity } = proposal;
    if (await channel.hasTransaction(txId)) {
      metrics?.duplicates.inc(metrics.labels(proposal));
      const hex = Buffer.from(creator).toString('hex');
      throw new EndorserError('duplicate', `duplicate transaction found [${txId}]. Creator [${hex}]`);
    }
    // System chaincodes check by themselves who may do what.
    if (!systemChaincodes.isSystem(chaincode)) {
      try {
        const signed = { data: bytes, identity: creator, signature };
        await access.check('peer/Propose', { channelId, bundle }, signed, identity);
      } catch (cause) {
        metrics?.aclFailures.inc(metrics.labels(proposal));
        throw new EndorserError('not_allowed', messageOf(cause), { cause });
      }
    }
    // Its state falls behind from here on. A Go peer ends its process then: clients turn to another peer on the same status.
    if (channel.failure !== null && !WITHOUT_SIMULATOR.has(chaincode)) {
      throw new EndorserError('stopped', `channel '${channelId}' takes no more blocks: ${channel.failure}`);
    }
  }

  /** From here on an error is an answer. */
  async #endorse(proposal: CheckedProposal, channel: PeerChannel | null, trace: ProposalTrace): Promise<Answer> {
    const { metrics } = this.#modules;
    let answer: Answer;
    try {
      const simulated = await simulateProposal(proposal, channel, trace.asked, this.#options, this.#modules);
      answer = await this.#respond(simulated, channel);
    } catch (error) {
      const code = error instanceof EndorserError ? error.code : null;
      if (code === 'plugin') {
        metrics?.endorsementFailures.inc({ ...metrics.labels(proposal), chaincodeerror: 'false' });
      } else if (code !== 'not_defined') {
        metrics?.simulationFailures.inc(metrics.labels(proposal));
      }
      answer = failure(messageOf(error));
    }
    const success = answer.endorsed || (channel === null && answer.status < ERROR_THRESHOLD);
    if (success) {
      metrics?.successful.inc();
    }
    metrics?.completed(metrics.labels(proposal), success, trace.durationUs / 1e6);
    return answer;
  }

  async #respond(simulated: SimulatedProposal, channel: PeerChannel | null): Promise<Answer> {
    const { proposal, response, interest } = simulated;
    const { status } = response;
    const payload = encodeResponsePayload({ ...simulated, ...proposal });
    if (status >= ERROR) {
      return answerOf(response, encodeProposalResponse({ response, payload, interest }), false);
    }
    if (channel === null || status >= ERROR_THRESHOLD) {
      if (channel !== null) {
        const { metrics } = this.#modules;
        metrics?.endorsementFailures.inc({ ...metrics.labels(proposal), chaincodeerror: 'true' });
      }
      return answerOf(response, encodeProposalResponse({ response }), false);
    }
    await this.#keepPrivateData(simulated, channel);
    const { endorsementPlugin } = simulated;
    const endorsement = await this.#plugins.endorse(endorsementPlugin, channel, payload, proposal.signedProposal);
    return {
      ...answerOf(response, encodeProposalResponse({ response, endorsement, interest }), true),
      readOnly: !simulated.wrote,
    };
  }

  /** Before anything is signed: who gets an endorsement may count on the data being there when the block comes. */
  async #keepPrivateData({ privateData: data }: SimulatedProposal, channel: PeerChannel): Promise<void> {
    if (data !== null) {
      try {
        await (this.#modules.distributor ?? NO_DISTRIBUTION).distribute(data, channel);
        await channel.transientStore.persist(data.txId, data.endorsedAt, data.bytes);
      } catch (error) {
        throw prefixed('error in simulation', error, 'private_data');
      }
    }
  }
}

interface Attempt<T> {
  readonly value: T | null;
  readonly error: unknown;
}

function attempt<T>(run: () => T): Attempt<T> {
  try {
    return { value: run(), error: null };
  } catch (error) {
    return { value: null, error };
  }
}

function answerOf({ status, message }: ResponseMessage, bytes: Uint8Array, endorsed: boolean): Answer {
  return { bytes, status, message, endorsed };
}

function failure(message: string): Answer {
  const response = errorResponse(message);
  return answerOf(response, encodeProposalResponse({ response }), false);
}
