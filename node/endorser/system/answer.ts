import type { ChaincodeInvocation, ChaincodeResult } from '#node/chaincode/chaincodeSupport.ts';
import { NO_BYTES } from '#node/protos/transactionMessages.ts';
import { messageOf } from '../endorserError.ts';
import { invokedChaincodeName } from '../unpackProposal.ts';

/** What a client did wrong, in the words of the system chaincode: becomes an answer with status 500. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Runs a system chaincode's function and makes its answer of what that gives or throws. */
export async function answer(run: () => Promise<Uint8Array | null>): Promise<ChaincodeResult> {
  try {
    const payload = (await run()) ?? NO_BYTES;
    return { response: { status: 200, message: '', payload }, event: null };
  } catch (error) {
    return { response: { status: 500, message: messageOf(error), payload: NO_BYTES }, event: null };
  }
}

/** @throws Refusal unless the client itself called this chaincode */
export function refuseOtherChaincodes({ signedProposal, name }: ChaincodeInvocation, message: string): void {
  let invoked: string;
  try {
    invoked = invokedChaincodeName(signedProposal.proposalBytes);
  } catch (cause) {
    throw new Refusal(`Failed to identify the called chaincode: ${messageOf(cause)}`, { cause });
  }
  if (invoked !== name) {
    throw new Refusal(`${message}, original invocation for '${invoked}'`);
  }
}

export function text(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
