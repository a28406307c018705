import { hash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { MspError } from '#node/msp/mspError.ts';
import type { IdentityDeserializer, MspIdentity } from '#node/msp/mspIdentity.ts';
import { headerTypeName } from '#node/protos/enumNames.ts';
import { EndorserError, prefixed } from './endorserError.ts';
import type { UnpackedProposal } from './unpackProposal.ts';

/** A proposal that its creator, a member in good standing, really made. */
export interface CheckedProposal extends UnpackedProposal {
  readonly identity: MspIdentity;
}

/**
 * Header and signature (Fabric, `UnpackedProposal.Validate`). The client's TLS certificate plays no part: a gateway forwards proposals
 * over connections of its own.
 *
 * @param msps of the channel; of the node itself for a proposal outside any channel
 * @throws EndorserError `bad_header`, `access_denied`
 */
export async function checkProposal(proposal: UnpackedProposal, msps: IdentityDeserializer): Promise<CheckedProposal> {
  try {
    checkHeader(proposal);
    return { ...proposal, identity: await checkCreator(proposal, msps) };
  } catch (error) {
    throw error instanceof EndorserError ? prefixed('error validating proposal', error, error.code) : error;
  }
}

function checkHeader(proposal: UnpackedProposal): void {
  const { type, epoch, nonce, creator, txId, bytes, signature } = proposal;
  // A peer takes CONFIG for an endorser transaction, too.
  if (type !== common.HeaderType.ENDORSER_TRANSACTION && type !== common.HeaderType.CONFIG) {
    throw badHeader(`invalid header type ${headerTypeName(type)}`);
  }
  if (epoch !== 0) {
    throw badHeader('epoch is non-zero');
  }
  if (nonce.length === 0) {
    throw badHeader('nonce is empty');
  }
  if (creator.length === 0) {
    throw badHeader('creator is empty');
  }
  const expected = hash('sha256', Buffer.concat([nonce, creator]), 'hex');
  if (txId !== expected) {
    throw badHeader(`incorrectly computed txid '${txId}' -- expected '${expected}'`);
  }
  if (bytes.length === 0) {
    throw badHeader('empty proposal bytes');
  }
  if (signature.length === 0) {
    throw badHeader('empty signature bytes');
  }
}

async function checkCreator(proposal: UnpackedProposal, msps: IdentityDeserializer): Promise<MspIdentity> {
  const { channelId } = proposal;
  let identity: MspIdentity;
  try {
    identity = msps.deserializeIdentity(proposal.creator);
  } catch (cause) {
    throw mspRefusal(`access denied: channel [${channelId}] creator org unknown, creator is malformed`, cause);
  }
  // Which of the two it was is nothing that a stranger needs to know.
  const message = `access denied: channel [${channelId}] creator org [${identity.mspId}]`;
  try {
    identity.validate();
  } catch (cause) {
    throw mspRefusal(message, cause);
  }
  if (!(await identity.verify(proposal.bytes, proposal.signature))) {
    throw new EndorserError('access_denied', message, { cause: new Error("the signature is not the creator's") });
  }
  return identity;
}

function badHeader(message: string): EndorserError {
  return new EndorserError('bad_header', message);
}

function mspRefusal(message: string, cause: unknown): unknown {
  return cause instanceof MspError ? new EndorserError('access_denied', message, { cause }) : cause;
}
