import { peer } from '@hyperledger/fabric-protos';
import { ProtoError } from './protoError.ts';
import { ReadWriteSetView } from './readWriteSetView.ts';
import { IdentityView } from './serializedIdentity.ts';
import { decodeMessage } from './strictReader.ts';
import {
  type ActionMessage,
  type ActionPayloadMessage,
  type ChaincodeActionMessage,
  type ChaincodeIdMessage,
  type EndorsementMessage,
  readActionPayload,
  readChaincodeAction,
  readResponsePayload,
  readTransaction,
  type ResponseMessage,
  type ResponsePayloadMessage,
} from './transactionMessages.ts';

export type ChaincodeIdView = ChaincodeIdMessage;

/** What a proposal asked a chaincode to do. */
export interface InvocationView {
  readonly chaincode: ChaincodeIdView;
  /** The function's name is the first by convention, see `functionName`. */
  readonly args: readonly Uint8Array[];
  readonly isInit: boolean;
}

export type EndorsementView = EndorsementMessage;
export type ResponseView = ResponseMessage;

const PRINTABLE = /^[\x20-\x7e]+$/;
const MAX_FUNCTION = 256;

/** A `protos.Transaction`: what an ENDORSER_TRANSACTION envelope carries. */
export class TransactionView {
  readonly actions: readonly TransactionActionView[];

  private constructor(actions: readonly TransactionActionView[]) {
    this.actions = actions;
  }

  /** @throws ProtoError */
  static fromBytes(bytes: Uint8Array): TransactionView {
    return new TransactionView(readTransaction(bytes).map((action) => new TransactionActionView(action)));
  }

  /** The one action that Fabric allows a transaction to have. */
  get action(): TransactionActionView {
    const [first] = this.actions;
    if (first === undefined) {
      throw new ProtoError('missing', 'protos.Transaction', 'no action');
    }
    return first;
  }
}

/** One proposal with what its endorsers answered. Parts are decoded when first asked for; getters throw ProtoError. */
export class TransactionActionView {
  readonly message: ActionMessage;
  #payload: ActionPayloadMessage | undefined;
  #invocation: InvocationView | undefined;
  #response: ResponsePayloadMessage | undefined;
  #action: ChaincodeActionMessage | undefined;
  #readWriteSet: ReadWriteSetView | undefined;

  constructor(message: ActionMessage) {
    this.message = message;
  }

  get payload(): ActionPayloadMessage {
    this.#payload ??= readActionPayload(this.message.payload);
    return this.#payload;
  }

  get invocation(): InvocationView {
    if (this.#invocation === undefined) {
      const proposal = decodeMessage(
        peer.ChaincodeProposalPayload,
        this.payload.chaincodeProposalPayload,
        'protos.ChaincodeProposalPayload',
      );
      const invocation = decodeMessage(
        peer.ChaincodeInvocationSpec,
        proposal.getInput_asU8(),
        'protos.ChaincodeInvocationSpec',
      );
      const spec = invocation.getChaincodeSpec();
      if (spec === undefined) {
        throw new ProtoError('missing', 'protos.ChaincodeInvocationSpec', 'no chaincode');
      }
      const input = spec.getInput();
      this.#invocation = {
        chaincode: {
          name: spec.getChaincodeId()?.getName() ?? '',
          version: spec.getChaincodeId()?.getVersion() ?? '',
          path: spec.getChaincodeId()?.getPath() ?? '',
        },
        args: input?.getArgsList_asU8() ?? [],
        isInit: input?.getIsInit() ?? false,
      };
    }
    return this.#invocation;
  }

  /** The first argument, if it reads as a name (printable ASCII, at most 256 characters); else null. */
  get functionName(): string | null {
    const first = this.invocation.args[0];
    if (first === undefined || first.length === 0 || first.length > MAX_FUNCTION) {
      return null;
    }
    const text = Buffer.from(first.buffer, first.byteOffset, first.byteLength).toString('latin1');
    return PRINTABLE.test(text) ? text : null;
  }

  /** What the endorsers signed, together with their identity. */
  get proposalResponsePayloadBytes(): Uint8Array {
    return this.#endorsedAction.proposalResponsePayload;
  }

  get proposalResponsePayload(): ResponsePayloadMessage {
    this.#response ??= readResponsePayload(this.proposalResponsePayloadBytes);
    return this.#response;
  }

  get proposalHash(): Uint8Array {
    return this.proposalResponsePayload.proposalHash;
  }

  get chaincodeAction(): ChaincodeActionMessage {
    this.#action ??= readChaincodeAction(this.proposalResponsePayload.extension);
    return this.#action;
  }

  /** The chaincode that ran, as the endorsers say. */
  get chaincode(): ChaincodeIdView {
    return this.chaincodeAction.chaincodeId ?? NO_CHAINCODE;
  }

  /** What the chaincode answered; null where the endorsers left it out. */
  get response(): ResponseView | null {
    return this.chaincodeAction.response;
  }

  /** Serialised `protos.ChaincodeEvent`; empty without an event. */
  get eventBytes(): Uint8Array {
    return this.chaincodeAction.events;
  }

  get readWriteSet(): ReadWriteSetView {
    this.#readWriteSet ??= ReadWriteSetView.fromBytes(this.chaincodeAction.results);
    return this.#readWriteSet;
  }

  get endorsements(): readonly EndorsementView[] {
    return this.#endorsedAction.endorsements;
  }

  /** In the order of the endorsements. */
  get endorsers(): readonly IdentityView[] {
    return this.endorsements.map(({ endorser }) => IdentityView.fromBytes(endorser));
  }

  get #endorsedAction(): NonNullable<ActionPayloadMessage['action']> {
    const { action } = this.payload;
    if (action === null) {
      throw new ProtoError('missing', 'protos.ChaincodeActionPayload', 'no endorsed action');
    }
    return action;
  }
}

const NO_CHAINCODE: ChaincodeIdView = { name: '', version: '', path: '' };
