import { peer } from '@hyperledger/fabric-protos';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';
import { FAILURE } from './messages.ts';
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
  const spec = decodeMessage(peer.ChaincodeSpec, payload, 'protos.ChaincodeSpec');
  const { invocation } = context;
  const { name, channelId } = targetOf(spec.getChaincodeId()?.getName() ?? '', invocation.channelId);
  const message = new peer.ChaincodeMessage();
  message.setTxid(invocation.txId);
  message.setChannelId(channelId);
  try {
    const target = channelId === invocation.channelId ? name : `${name}/${channelId}`;
    const { response, event } = await caller.call(invocation, target, spec.getInput() ?? new peer.ChaincodeInput());
    message.setType(peer.ChaincodeMessage.Type.COMPLETED);
    message.setPayload(response.serializeBinary());
    message.setChaincodeEvent(event ?? undefined);
  } catch (cause) {
    if (!(cause instanceof ChaincodeError && cause.code === 'failed')) {
      throw new ChaincodeError('protocol', messageOf(cause), { cause });
    }
    message.setType(peer.ChaincodeMessage.Type.ERROR);
    message.setPayload(Buffer.from(cause.message.replace(FAILURE, '')));
  }
  return message.serializeBinary();
}

/** `name:version/channel`, of which the version plays no part any more and the channel may be left out. */
function targetOf(text: string, ownChannel: string): { readonly name: string; readonly channelId: string } {
  const slash = text.indexOf('/');
  const channelId = slash < 0 ? '' : text.slice(slash + 1);
  const [name = ''] = (slash < 0 ? text : text.slice(0, slash)).split(':');
  return { name, channelId: channelId === '' ? ownChannel : channelId };
}
