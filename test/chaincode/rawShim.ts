import { peer } from '@hyperledger/fabric-protos';
import type { ClientStream, GrpcClient } from '#node/grpc/client.ts';
import { connect } from '#node/grpc/grpcClient.ts';

const { Type } = peer.ChaincodeMessage;
type MessageType = (typeof Type)[keyof typeof Type];

/** The shim's end of a stream, message by message: for what the library for Node does not send (yet), or never would. */
export class RawShim {
  readonly #client: GrpcClient;
  readonly stream: ClientStream;
  readonly #messages: AsyncIterator<Uint8Array>;

  constructor(address: string) {
    this.#client = connect({ address, tlsRoots: null });
    this.stream = this.#client.stream('/protos.ChaincodeSupport/Register');
    this.#messages = this.stream[Symbol.asyncIterator]();
  }

  /** @returns what the peer offers */
  async register(packageId: string): Promise<peer.ChaincodeAdditionalParams> {
    const id = new peer.ChaincodeID();
    id.setName(packageId);
    await this.send(Type.REGISTER, id);
    await this.expect(Type.REGISTERED);
    const ready = await this.expect(Type.READY);
    return peer.ChaincodeAdditionalParams.deserializeBinary(ready.getPayload_asU8());
  }

  async send(
    type: number,
    payload: { serializeBinary(): Uint8Array } | null,
    of: peer.ChaincodeMessage | null = null,
  ): Promise<void> {
    const message = new peer.ChaincodeMessage();
    message.setType(type as MessageType);
    message.setPayload(payload?.serializeBinary() ?? '');
    message.setTxid(of?.getTxid() ?? '');
    message.setChannelId(of?.getChannelId() ?? '');
    await this.stream.send(message.serializeBinary());
  }

  /** Sends a request and gives the answer. */
  async ask(
    of: peer.ChaincodeMessage,
    type: number,
    payload: { serializeBinary(): Uint8Array },
  ): Promise<peer.ChaincodeMessage> {
    await this.send(type, payload, of);
    return this.next();
  }

  async complete(of: peer.ChaincodeMessage, text = 'done'): Promise<void> {
    const response = new peer.Response();
    response.setStatus(200);
    response.setPayload(Buffer.from(text));
    await this.send(Type.COMPLETED, response, of);
  }

  async next(): Promise<peer.ChaincodeMessage> {
    const step = await this.#messages.next();
    if (step.done === true) {
      throw new Error('the stream ended');
    }
    return peer.ChaincodeMessage.deserializeBinary(step.value);
  }

  async expect(type: number): Promise<peer.ChaincodeMessage> {
    const message = await this.next();
    if (message.getType() !== type) {
      throw new Error(`a message of type ${message.getType()}: ${Buffer.from(message.getPayload_asU8()).toString()}`);
    }
    return message;
  }

  close(): void {
    this.stream.cancel();
    this.#client.close();
  }
}

export function textOf(message: peer.ChaincodeMessage): string {
  return Buffer.from(message.getPayload_asU8()).toString();
}
