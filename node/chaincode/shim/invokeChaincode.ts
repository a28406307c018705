import { type ChaincodeInputMessage, readChaincodeSpec } from '#node/protos/proposalMessages.ts';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';
import { answerOfCalled, FAILURE } from './messages.ts';
import type { RequestModules } from './requestContext.ts';
import type { TransactionContext } from './transactionContext.ts';

/**
 * A chaincode calls another one. The answer is what the other one sent to this peer, the whole message: the shim takes it apart.
 * @throws ChaincodeError `protocol` with what became of the call where there is no answer
 */
export async function invokeChaincode(
  payload: Uint8Array,
  context: TransactionContext,
  { caller }: RequestModules,
): Promise<Uint8Array> {
  context.simulator('could not get valid transaction');
  const { chaincodeId, input } = readChaincodeSpec(payload);
  const { invocation } = context;
  const { name, channelId } = targetOf(chaincodeId?.name ?? '', invocation.channelId);
  const transaction = { txId: invocation.txId, channelId };
  try {
    const target = channelId === invocation.channelId ? name : `${name}/${channelId}`;
    return answerOfCalled(transaction, await caller.call(invocation, target, input ?? NO_INPUT));
  } catch (cause) {
    if (!(cause instanceof ChaincodeError && cause.code === 'failed')) {
      throw new ChaincodeError('protocol', messageOf(cause), { cause });
    }
    return answerOfCalled(transaction, cause.message.replace(FAILURE, ''));
  }
}

const NO_INPUT: ChaincodeInputMessage = { args: [], isInit: false };

/** `name:version/channel`, of which the version plays no part any more and the channel may be left out. */
function targetOf(text: string, ownChannel: string): { readonly name: string; readonly channelId: string } {
  const slash = text.indexOf('/');
  const channelId = slash < 0 ? '' : text.slice(slash + 1);
  const [name = ''] = (slash < 0 ? text : text.slice(0, slash)).split(':');
  return { name, channelId: channelId === '' ? ownChannel : channelId };
}
