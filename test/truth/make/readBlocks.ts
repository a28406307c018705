import { X509Certificate } from 'node:crypto';
import { readFileSync, existsSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { common, msp, peer } from '@hyperledger/fabric-protos';

export interface BlockTransaction {
  readonly txId: string;
  readonly type: string;
  readonly code: string;
  /** `MSP/CN`; null where the envelope names none (genesis). */
  readonly creator: string | null;
  readonly chaincode: string | null;
  readonly function: string | null;
  readonly endorsers: readonly string[];
  /** Who signed the update that an orderer wrapped into a CONFIG transaction. */
  readonly updater: string | null;
}

export interface RawBlock {
  readonly number: number;
  readonly previousHash: string;
  readonly transactions: readonly BlockTransaction[];
}

function nameOf(table: object, value: number): string {
  return Object.entries(table).find(([, n]) => n === value)?.[0] ?? String(value);
}

function participant(serialized: Uint8Array): string | null {
  if (serialized.length === 0) return null;
  const identity = msp.SerializedIdentity.deserializeBinary(serialized);
  const { subject } = new X509Certificate(Buffer.from(identity.getIdBytes_asU8()));
  const name = /^CN=(.+)$/m.exec(subject)?.[1];
  return `${identity.getMspid()}/${name}`;
}

function headersOf(payload: common.Payload): { channel: common.ChannelHeader; creator: string | null } {
  const header = payload.getHeader() as common.Header;
  const channel = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  const signature = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  return { channel, creator: participant(signature.getCreator_asU8()) };
}

function transactionOf(bytes: Uint8Array, code: number): BlockTransaction {
  const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(bytes).getPayload_asU8());
  const { channel, creator } = headersOf(payload);
  const type = nameOf(common.HeaderType, channel.getType());
  const base = { txId: channel.getTxId(), type, code: nameOf(peer.TxValidationCode, code), creator };
  if (type === 'CONFIG') {
    const update = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getLastUpdate();
    const inner = update === undefined ? null : common.Payload.deserializeBinary(update.getPayload_asU8());
    const updater = inner?.getHeader() === undefined || inner === null ? null : headersOf(inner).creator;
    return { ...base, chaincode: null, function: null, endorsers: [], updater };
  }
  const actions = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
  const action = peer.ChaincodeActionPayload.deserializeBinary(
    (actions[0] as peer.TransactionAction).getPayload_asU8(),
  );
  const proposal = peer.ChaincodeProposalPayload.deserializeBinary(action.getChaincodeProposalPayload_asU8());
  const spec = peer.ChaincodeInvocationSpec.deserializeBinary(proposal.getInput_asU8()).getChaincodeSpec();
  const [fn] = spec?.getInput()?.getArgsList_asU8() ?? [];
  const endorsements = action.getAction()?.getEndorsementsList() ?? [];
  return {
    ...base,
    chaincode: spec?.getChaincodeId()?.getName() ?? null,
    function: fn === undefined ? null : Buffer.from(fn).toString('utf8'),
    endorsers: endorsements.map((e) => participant(e.getEndorser_asU8()) ?? '?').toSorted(),
    updater: null,
  };
}

export function readBlock(file: string): RawBlock {
  const bytes = existsSync(file) ? readFileSync(file) : gunzipSync(readFileSync(`${file}.gz`));
  const block = common.Block.deserializeBinary(bytes);
  const header = block.getHeader() as common.BlockHeader;
  const codes = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.TRANSACTIONS_FILTER] ?? [];
  return {
    number: header.getNumber(),
    previousHash: Buffer.from(header.getPreviousHash_asU8()).toString('hex'),
    transactions: (block.getData()?.getDataList_asU8() ?? []).map((data, i) => transactionOf(data, codes[i] ?? 255)),
  };
}
