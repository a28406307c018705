import { RpcError } from './rpcError.ts';

/** Whether it is compressed, and its length. */
const HEAD_BYTES = 5;

/**
 * Takes gRPC's messages out of the bytes of a call, in whatever pieces these come. Messages are views of the bytes where they came in one
 * piece.
 */
export class MessageReader {
  readonly #maxBytes: number;
  readonly #onMessage: (message: Uint8Array, compressed: boolean) => void;
  /** What is not yet a whole message. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** How many bytes of it there have to be before there is anything to do. */
  #wanted = HEAD_BYTES;

  constructor(
    options: { readonly maxBytes: number },
    modules: { readonly onMessage: (message: Uint8Array, compressed: boolean) => void },
  ) {
    this.#maxBytes = options.maxBytes;
    this.#onMessage = modules.onMessage;
  }

  /** Whether the bytes so far end within a message. */
  get isWithin(): boolean {
    return this.#restBytes > 0;
  }

  /** @throws RpcError RESOURCE_EXHAUSTED as soon as a message says that it is too long */
  push(bytes: Buffer): void {
    if (this.#restBytes === 0) {
      this.#take(bytes);
      return;
    }
    this.#rest.push(bytes);
    this.#restBytes += bytes.length;
    if (this.#restBytes >= this.#wanted) {
      const all = Buffer.concat(this.#rest, this.#restBytes);
      this.#rest = [];
      this.#restBytes = 0;
      this.#take(all);
    }
  }

  #take(bytes: Buffer): void {
    let at = 0;
    this.#wanted = HEAD_BYTES;
    while (bytes.length - at >= HEAD_BYTES) {
      const length = bytes.readUInt32BE(at + 1);
      if (length > this.#maxBytes) {
        throw new RpcError('RESOURCE_EXHAUSTED', `Received message larger than max (${length} vs ${this.#maxBytes})`);
      }
      const end = at + HEAD_BYTES + length;
      if (end > bytes.length) {
        this.#wanted = HEAD_BYTES + length;
        break;
      }
      // A plain view: parts of a Buffer are Buffers, which cost more.
      const message = new Uint8Array(bytes.buffer, bytes.byteOffset + at + HEAD_BYTES, length);
      const compressed = bytes[at] === 1;
      at = end;
      this.#onMessage(message, compressed);
    }
    if (at < bytes.length) {
      this.#rest = [bytes.subarray(at)];
      this.#restBytes = bytes.length - at;
    }
  }
}

/** Below this a message is copied behind its head; beyond, head and message are written as they are. */
const COPIED_BYTES = 16 * 1024;

/** The pieces of a message as it is sent. */
export function framed(message: Uint8Array): readonly [Buffer] | readonly [Buffer, Uint8Array] {
  if (message.length <= COPIED_BYTES) {
    const bytes = Buffer.allocUnsafe(HEAD_BYTES + message.length);
    bytes.set(message, HEAD_BYTES);
    return [head(bytes, message.length)];
  }
  return [head(Buffer.allocUnsafe(HEAD_BYTES), message.length), message];
}

function head(bytes: Buffer, length: number): Buffer {
  bytes[0] = 0;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
