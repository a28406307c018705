import { common, peer } from '@hyperledger/fabric-protos';
import { BlockView } from '#node/protos/blockView.ts';

/** For tests: what the one transaction of an envelope is to hold. */
export type TestTransaction =
  | { readonly results: Uint8Array }
  | { readonly config: Uint8Array }
  | { readonly type: number; readonly data: Uint8Array };

/** For tests: a block of unsigned transactions. */
export function testBlock(number: number, transactions: readonly TestTransaction[]): BlockView {
  const block = new common.Block();
  const header = new common.BlockHeader();
  header.setNumber(number);
  block.setHeader(header);
  const data = new common.BlockData();
  for (const [index, transaction] of transactions.entries()) {
    data.addData(envelope(`tx-${number}-${index}`, transaction));
  }
  block.setData(data);
  const metadata = new common.BlockMetadata();
  metadata.setMetadataList([new Uint8Array(), new Uint8Array(), new Uint8Array(transactions.length)]);
  block.setMetadata(metadata);
  return BlockView.fromBytes(block.serializeBinary());
}

function envelope(txId: string, transaction: TestTransaction): Uint8Array {
  const [type, data] =
    'results' in transaction
      ? [common.HeaderType.ENDORSER_TRANSACTION, endorsed(transaction.results)]
      : 'config' in transaction
        ? [common.HeaderType.CONFIG, transaction.config]
        : [transaction.type, transaction.data];
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(type);
  channelHeader.setTxId(txId);
  channelHeader.setChannelId('test');
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  const result = new common.Envelope();
  result.setPayload(payload.serializeBinary());
  return result.serializeBinary();
}

function endorsed(results: Uint8Array): Uint8Array {
  const action = new peer.ChaincodeAction();
  action.setResults(results);
  const response = new peer.ProposalResponsePayload();
  response.setExtension$(action.serializeBinary());
  const endorsedAction = new peer.ChaincodeEndorsedAction();
  endorsedAction.setProposalResponsePayload(response.serializeBinary());
  const payload = new peer.ChaincodeActionPayload();
  payload.setAction(endorsedAction);
  const one = new peer.TransactionAction();
  one.setPayload(payload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.addActions(one);
  return transaction.serializeBinary();
}
