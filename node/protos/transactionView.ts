import { peer } from '@hyperledger/fabric-protos';
import { ProtoError } from './protoError.ts';
import { ReadWriteSetView } from './readWriteSetView.ts';
import { IdentityView } from './serializedIdentity.ts';
import { decodeMessage } from './strictReader.ts';

export interface ChaincodeIdView {
  readonly name: string;
  readonly version: string;
  readonly path: string;
}

/** What a proposal asked a chaincode to do. */
export interface InvocationView {
  readonly chaincode: ChaincodeIdView;
  /** The function's name is the first by convention, see `functionName`. */
  readonly args: readonly Uint8Array[];
  readonly isInit: boolean;
}

export interface EndorsementView {
  /** Serialised identity of the endorser. */
  readonly endorser: Uint8Array;
  readonly signature: Uint8Array;
}

export interface ResponseView {
  readonly status: number;
  readonly message: string;
  readonly payload: Uint8Array;
}

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
    const message = decodeMessage(peer.Transaction, bytes, 'protos.Transaction');
    return new TransactionView(message.getActionsList().map((action) => new TransactionActionView(action)));
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
  readonly message: peer.TransactionAction;
  #payload: peer.ChaincodeActionPayload | undefined;
  #invocation: InvocationView | undefined;
  #response: peer.ProposalResponsePayload | undefined;
  #action: peer.ChaincodeAction | undefined;
  #endorsements: readonly EndorsementView[] | undefined;
  #readWriteSet: ReadWriteSetView | undefined;

  constructor(message: peer.TransactionAction) {
    this.message = message;
  }

  get payload(): peer.ChaincodeActionPayload {
    this.#payload ??= decodeMessage(
      peer.ChaincodeActionPayload,
      this.message.getPayload_asU8(),
      'protos.ChaincodeActionPayload',
    );
    return this.#payload;
  }

  get invocation(): InvocationView {
    if (this.#invocation === undefined) {
      const proposal = decodeMessage(
        peer.ChaincodeProposalPayload,
        this.payload.getChaincodeProposalPayload_asU8(),
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
        chaincode: chaincodeId(spec.getChaincodeId()),
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
    return this.#endorsedAction.getProposalResponsePayload_asU8();
  }

  get proposalResponsePayload(): peer.ProposalResponsePayload {
    this.#response ??= decodeMessage(
      peer.ProposalResponsePayload,
      this.proposalResponsePayloadBytes,
      'protos.ProposalResponsePayload',
    );
    return this.#response;
  }

  get proposalHash(): Uint8Array {
    return this.proposalResponsePayload.getProposalHash_asU8();
  }

  get chaincodeAction(): peer.ChaincodeAction {
    this.#action ??= decodeMessage(
      peer.ChaincodeAction,
      this.proposalResponsePayload.getExtension_asU8(),
      'protos.ChaincodeAction',
    );
    return this.#action;
  }

  /** The chaincode that ran, as the endorsers say. */
  get chaincode(): ChaincodeIdView {
    return chaincodeId(this.chaincodeAction.getChaincodeId());
  }

  /** What the chaincode answered; null where the endorsers left it out. */
  get response(): ResponseView | null {
    const response = this.chaincodeAction.getResponse();
    return response === undefined
      ? null
      : { status: response.getStatus(), message: response.getMessage(), payload: response.getPayload_asU8() };
  }

  /** Serialised `protos.ChaincodeEvent`; empty without an event. */
  get eventBytes(): Uint8Array {
    return this.chaincodeAction.getEvents_asU8();
  }

  get readWriteSet(): ReadWriteSetView {
    this.#readWriteSet ??= ReadWriteSetView.fromBytes(this.chaincodeAction.getResults_asU8());
    return this.#readWriteSet;
  }

  get endorsements(): readonly EndorsementView[] {
    this.#endorsements ??= this.#endorsedAction
      .getEndorsementsList()
      .map((one) => ({ endorser: one.getEndorser_asU8(), signature: one.getSignature_asU8() }));
    return this.#endorsements;
  }

  /** In the order of the endorsements. */
  get endorsers(): readonly IdentityView[] {
    return this.endorsements.map(({ endorser }) => IdentityView.fromBytes(endorser));
  }

  get #endorsedAction(): peer.ChaincodeEndorsedAction {
    const action = this.payload.getAction();
    if (action === undefined) {
      throw new ProtoError('missing', 'protos.ChaincodeActionPayload', 'no endorsed action');
    }
    return action;
  }
}

function chaincodeId(id: peer.ChaincodeID | undefined): ChaincodeIdView {
  return { name: id?.getName() ?? '', version: id?.getVersion() ?? '', path: id?.getPath() ?? '' };
}
