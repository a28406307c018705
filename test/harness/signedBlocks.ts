import { createHash, hash, randomBytes } from 'node:crypto';
import { common, ledger, peer } from '@hyperledger/fabric-protos';
import type { Signer } from '#node/crypto/sign.ts';
import { blockHeaderBytes, blockHeaderHash } from '#node/protos/blockHeader.ts';
import { encodeBlock } from '#node/protos/blockEncoder.ts';
import { encodeMetadata } from '#node/ledger/state/stateMetadata.ts';

const { kvrwset } = ledger.rwset;
const NOTHING = new Uint8Array(0);
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

export interface NamespaceWrites {
  readonly namespace: string;
  readonly reads?: readonly {
    readonly key: string;
    readonly version: { readonly block: number; readonly tx: number } | null;
  }[];
  readonly writes?: readonly { readonly key: string; readonly value: Uint8Array | string | null }[];
  /** Key-level endorsement policies: serialised `common.SignaturePolicyEnvelope`s. */
  readonly policies?: readonly { readonly key: string; readonly policy: Uint8Array }[];
  /** Private writes: `privateHash` is the SHA-256 of the `kvrwset.KVRWSet` that is handed round. */
  readonly collections?: readonly {
    readonly name: string;
    readonly keys: readonly string[];
    readonly privateHash?: Uint8Array;
  }[];
}

/** A `rwset.TxReadWriteSet` as an endorser makes it. */
export function readWriteSet(namespaces: readonly NamespaceWrites[]): Uint8Array {
  const set = new ledger.rwset.TxReadWriteSet();
  for (const { namespace, reads = [], writes = [], policies = [], collections = [] } of namespaces) {
    const kv = new kvrwset.KVRWSet();
    for (const { key, version } of reads) {
      const read = new kvrwset.KVRead();
      read.setKey(key);
      if (version !== null) {
        const message = new kvrwset.Version();
        message.setBlockNum(version.block);
        message.setTxNum(version.tx);
        read.setVersion(message);
      }
      kv.addReads(read);
    }
    for (const { key, value } of writes) {
      const write = new kvrwset.KVWrite();
      write.setKey(key);
      if (value === null) {
        write.setIsDelete(true);
      } else {
        write.setValue(typeof value === 'string' ? bytesOf(value) : value);
      }
      kv.addWrites(write);
    }
    for (const { key, policy } of policies) {
      const update = kvrwset.KVMetadataWrite.deserializeBinary(
        encodeMetadata([{ name: 'VALIDATION_PARAMETER', value: policy }]),
      );
      update.setKey(key);
      kv.addMetadataWrites(update);
    }
    const one = new ledger.rwset.NsReadWriteSet();
    one.setNamespace(namespace);
    one.setRwset(kv.serializeBinary());
    for (const { name, keys, privateHash } of collections) {
      const hashed = new kvrwset.HashedRWSet();
      for (const key of keys) {
        const write = new kvrwset.KVWriteHash();
        write.setKeyHash(createHash('sha256').update(key).digest());
        write.setValueHash(createHash('sha256').update(`value of ${key}`).digest());
        hashed.addHashedWrites(write);
      }
      const collection = new ledger.rwset.CollectionHashedReadWriteSet();
      collection.setCollectionName(name);
      collection.setHashedRwset(hashed.serializeBinary());
      collection.setPvtRwsetHash(privateHash ?? createHash('sha256').update(name).digest());
      one.addCollectionHashedRwset(collection);
    }
    set.addNsRwset(one);
  }
  return set.serializeBinary();
}

export interface TransactionParts {
  readonly channelId: string;
  readonly creator: Signer;
  readonly endorsers: readonly Signer[];
  readonly chaincode: string;
  readonly version?: string;
  readonly args?: readonly string[];
  readonly results: Uint8Array;
  readonly nonce?: Uint8Array;
  /** Instead of what it should be. */
  readonly txId?: string;
  readonly type?: number;
  readonly epoch?: number;
  /** The name in the chaincode action, where it is not the one that was asked for. */
  readonly ranChaincode?: string;
  readonly event?: Uint8Array;
  readonly proposalHash?: Uint8Array;
  readonly actions?: number;
}

/** A transaction with every signature that it needs: a serialised envelope. */
export function signedTransaction(parts: TransactionParts): Uint8Array {
  const { creator, version = '1.0', args = ['put'] } = parts;
  const nonce = parts.nonce ?? new Uint8Array(randomBytes(24));
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(parts.type ?? common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setChannelId(parts.channelId);
  channelHeader.setTxId(parts.txId ?? hash('sha256', Buffer.concat([nonce, creator.identity]), 'hex'));
  channelHeader.setEpoch(parts.epoch ?? 0);
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(chaincodeId(parts.chaincode));
  channelHeader.setExtension$(extension.serializeBinary());
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator.identity);
  signatureHeader.setNonce(nonce);
  const [channelBytes, signatureBytes] = [channelHeader.serializeBinary(), signatureHeader.serializeBinary()];

  const proposal = proposalPayload(parts.chaincode, args);
  const action = new peer.ChaincodeAction();
  action.setChaincodeId(chaincodeId(parts.ranChaincode ?? parts.chaincode, version));
  action.setResults(parts.results);
  action.setEvents(parts.event ?? NOTHING);
  const response = new peer.Response();
  response.setStatus(200);
  action.setResponse(response);
  const answer = new peer.ProposalResponsePayload();
  answer.setProposalHash(
    parts.proposalHash ?? createHash('sha256').update(channelBytes).update(signatureBytes).update(proposal).digest(),
  );
  answer.setExtension$(action.serializeBinary());
  const answerBytes = answer.serializeBinary();
  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(answerBytes);
  for (const endorser of parts.endorsers) {
    const endorsement = new peer.Endorsement();
    endorsement.setEndorser(endorser.identity);
    endorsement.setSignature(endorser.signSync(Buffer.concat([answerBytes, endorser.identity])));
    endorsed.addEndorsements(endorsement);
  }
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(proposal);
  actionPayload.setAction(endorsed);
  const transactionAction = new peer.TransactionAction();
  transactionAction.setHeader(signatureBytes);
  transactionAction.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.setActionsList(Array.from({ length: parts.actions ?? 1 }, () => transactionAction));
  return signedEnvelope(channelBytes, signatureBytes, transaction.serializeBinary(), creator);
}

export function signedEnvelope(
  channelHeader: Uint8Array,
  signatureHeader: Uint8Array,
  data: Uint8Array,
  creator: Signer,
): Uint8Array {
  const header = new common.Header();
  header.setChannelHeader(channelHeader);
  header.setSignatureHeader(signatureHeader);
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  const envelope = new common.Envelope();
  const payloadBytes = payload.serializeBinary();
  envelope.setPayload(payloadBytes);
  envelope.setSignature(creator.signSync(payloadBytes));
  return envelope.serializeBinary();
}

function chaincodeId(name: string, version = ''): peer.ChaincodeID {
  const id = new peer.ChaincodeID();
  id.setName(name);
  id.setVersion(version);
  return id;
}

function proposalPayload(chaincode: string, args: readonly string[]): Uint8Array {
  const input = new peer.ChaincodeInput();
  input.setArgsList(args.map(bytesOf));
  const spec = new peer.ChaincodeSpec();
  spec.setChaincodeId(chaincodeId(chaincode));
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const proposal = new peer.ChaincodeProposalPayload();
  proposal.setInput(invocation.serializeBinary());
  return proposal.serializeBinary();
}

export interface DefinitionParts {
  readonly name: string;
  readonly sequence?: number;
  /** Serialised `protos.ApplicationPolicy`. */
  readonly policy: Uint8Array;
  readonly plugin?: string;
  readonly endorsementPlugin?: string;
  readonly initRequired?: boolean;
  readonly collections?: readonly {
    readonly name: string;
    readonly policy?: peer.ApplicationPolicy;
    readonly blockToLive?: number;
  }[];
}

function stateBytes(bytes: Uint8Array): Uint8Array {
  const data = new peer.lifecycle.StateData();
  data.setBytes(bytes);
  return data.serializeBinary();
}

/** The writes with which a Go peer's lifecycle chaincode commits a definition. */
export function definitionWrites(parts: DefinitionParts): NamespaceWrites {
  const field = (name: string) => `namespaces/fields/${parts.name}/${name}`;
  const sequence = new peer.lifecycle.StateData();
  sequence.setInt64(parts.sequence ?? 1);
  const endorsement = new peer.lifecycle.ChaincodeEndorsementInfo();
  endorsement.setVersion('1.0');
  endorsement.setEndorsementPlugin(parts.endorsementPlugin ?? 'escc');
  endorsement.setInitRequired(parts.initRequired ?? false);
  const validation = new peer.lifecycle.ChaincodeValidationInfo();
  validation.setValidationPlugin(parts.plugin ?? 'vscc');
  validation.setValidationParameter(parts.policy);
  const collections = new peer.CollectionConfigPackage();
  for (const { name, policy, blockToLive = 0 } of parts.collections ?? []) {
    const config = new peer.StaticCollectionConfig();
    config.setName(name);
    config.setBlockToLive(blockToLive);
    config.setEndorsementPolicy(policy);
    const one = new peer.CollectionConfig();
    one.setStaticCollectionConfig(config);
    collections.addConfig(one);
  }
  const metadata = new peer.lifecycle.StateMetadata();
  metadata.setDatatype('ChaincodeDefinition');
  metadata.setFieldsList(['Sequence', 'EndorsementInfo', 'ValidationInfo', 'Collections']);
  return {
    namespace: '_lifecycle',
    writes: [
      { key: field('Collections'), value: stateBytes(collections.serializeBinary()) },
      { key: field('EndorsementInfo'), value: stateBytes(endorsement.serializeBinary()) },
      { key: field('Sequence'), value: sequence.serializeBinary() },
      { key: field('ValidationInfo'), value: stateBytes(validation.serializeBinary()) },
      { key: `namespaces/metadata/${parts.name}`, value: metadata.serializeBinary() },
    ],
  };
}

/** Makes blocks that follow each other, signed by an orderer. */
export class BlockMaker {
  readonly #orderer: Signer;
  #number = 0;
  #previousHash: Uint8Array = NOTHING;

  constructor(orderer: Signer) {
    this.#orderer = orderer;
  }

  get number(): number {
    return this.#number;
  }

  next(data: readonly Uint8Array[]): Uint8Array {
    const number = this.#number;
    const previousHash = this.#previousHash;
    const digest = createHash('sha256');
    for (const one of data) {
      digest.update(one);
    }
    const dataHash = digest.digest();
    this.#number++;
    this.#previousHash = blockHeaderHash(number, previousHash, dataHash);
    const signatures = number === 0 ? NOTHING : this.#signatures(blockHeaderBytes(number, previousHash, dataHash));
    return encodeBlock({
      number,
      previousHash,
      dataHash,
      data,
      metadata: [signatures, NOTHING, NOTHING, NOTHING, NOTHING],
    });
  }

  #signatures(header: Uint8Array): Uint8Array {
    const value = new common.OrdererBlockMetadata();
    value.setLastConfig(new common.LastConfig());
    const metadata = new common.Metadata();
    const valueBytes = value.serializeBinary();
    metadata.setValue(valueBytes);
    const signatureHeader = new common.SignatureHeader();
    signatureHeader.setCreator(this.#orderer.identity);
    signatureHeader.setNonce(randomBytes(24));
    const headerBytes = signatureHeader.serializeBinary();
    const signature = new common.MetadataSignature();
    signature.setSignatureHeader(headerBytes);
    signature.setSignature(this.#orderer.signSync(Buffer.concat([valueBytes, headerBytes, header])));
    metadata.addSignatures(signature);
    return metadata.serializeBinary();
  }
}
