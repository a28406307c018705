import { isOwnLimit, ProtoError } from '#node/protos/protoError.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import { MspError } from './mspError.ts';

/**
 * @param bytes a serialised `msp.SerializedIdentity`
 * @throws MspError `malformed`; ProtoError beyond this node's own limits
 */
export function serializedIdentity(bytes: Uint8Array): IdentityView {
  try {
    return IdentityView.fromBytes(bytes);
  } catch (cause) {
    if (cause instanceof ProtoError && !isOwnLimit(cause)) {
      throw new MspError('malformed', null, cause.message, { cause });
    }
    throw cause;
  }
}
