import { ProtoError } from '#node/protos/protoError.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import { MspError } from './mspError.ts';

/**
 * @param bytes a serialised `msp.SerializedIdentity`
 * @throws MspError `malformed`
 */
export function serializedIdentity(bytes: Uint8Array): IdentityView {
  try {
    return IdentityView.fromBytes(bytes);
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new MspError('malformed', null, cause.message, { cause });
    }
    throw cause;
  }
}
