import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { RpcError } from './rpcError.ts';

const DECODERS: Readonly<Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>> =
  { gzip: promisify(gunzip), deflate: promisify(inflate) };

/**
 * A message that its sender compressed.
 * @param maxBytes that it may come to
 * @throws RpcError UNIMPLEMENTED, RESOURCE_EXHAUSTED, INTERNAL
 */
export async function decompress(message: Uint8Array, encoding: string, maxBytes: number): Promise<Uint8Array> {
  const decode = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (decode === undefined) {
    throw new RpcError('UNIMPLEMENTED', `Received message compressed with unsupported encoding "${encoding}"`);
  }
  try {
    const bytes = await decode(message, { maxOutputLength: Math.max(1, maxBytes) });
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? new RpcError('RESOURCE_EXHAUSTED', `Received message that decompresses to a size larger than ${maxBytes}`, {
          cause,
        })
      : new RpcError('INTERNAL', 'Failed to decompress message', { cause });
  }
}
