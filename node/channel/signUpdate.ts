import { randomBytes } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import type { Signer } from '#node/crypto/sign.ts';
import { type ConfigSignature, type ConfigUpdateEnvelope, encodeConfigUpdateEnvelope } from './configUpdate.ts';
import { MessageWriter } from './wire.ts';

/** What a test wants to own. */
export interface SigningOptions {
  /** Makes 24 bytes. */
  readonly nonce?: () => Uint8Array;
  readonly now?: () => Date;
}

/** Signs a serialised `common.ConfigUpdate`, as `peer channel signconfigtx` does. */
export async function signConfigUpdate(
  configUpdate: Uint8Array,
  signer: Signer,
  options: SigningOptions = {},
): Promise<ConfigSignature> {
  const signatureHeader = signatureHeaderOf(signer, options);
  return { signatureHeader, signature: await signer.sign(Buffer.concat([signatureHeader, configUpdate])) };
}

/**
 * The envelope that brings an update to the ordering service, in the name of `signer`, whose own signature over the update is not
 * added: `signConfigUpdate` makes it.
 * @returns a serialised `common.Envelope` of type CONFIG_UPDATE
 */
export async function configUpdateEnvelope(
  channelId: string,
  update: ConfigUpdateEnvelope,
  signer: Signer,
  options: SigningOptions = {},
): Promise<Uint8Array> {
  const seconds = Math.floor((options.now?.() ?? new Date()).getTime() / 1000);
  const channelHeader = new MessageWriter()
    .uint(1, common.HeaderType.CONFIG_UPDATE)
    .message(3, new MessageWriter().uint(1, seconds).finish())
    .text(4, channelId)
    .finish();
  const header = new common.Header();
  header.setChannelHeader(channelHeader);
  header.setSignatureHeader(signatureHeaderOf(signer, options));
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(encodeConfigUpdateEnvelope(update));
  const bytes = payload.serializeBinary();
  const envelope = new common.Envelope();
  envelope.setPayload(bytes);
  envelope.setSignature(await signer.sign(bytes));
  return envelope.serializeBinary();
}

function signatureHeaderOf(signer: Signer, options: SigningOptions): Uint8Array {
  const header = new common.SignatureHeader();
  header.setCreator(signer.identity);
  header.setNonce(options.nonce?.() ?? new Uint8Array(randomBytes(24)));
  return header.serializeBinary();
}
