import { peer } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import { SignaturePolicy } from '#node/policy/signaturePolicy.ts';
import { implicitOwner, LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import type { SignedProposalMessage } from '#node/protos/proposalMessages.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { readHeader, readProposal, readSignatureHeader } from '#node/protos/transactionMessages.ts';
import { ChaincodeError } from '../chaincodeError.ts';
import type { ChaincodeInvocation } from '../chaincodeSupport.ts';

export interface CollectionPermission {
  readonly read: boolean;
  readonly write: boolean;
}

const EVERYTHING: CollectionPermission = { read: true, write: true };
const COLLECTIONS = 'Collections';
const FIELDS = ['Sequence', 'EndorsementInfo', 'ValidationInfo', COLLECTIONS] as const;

/**
 * What the creator of a proposal may do with a collection, by the definition's `memberOnlyRead`, `memberOnlyWrite` and members
 * (core/common/privdata/store.go).
 *
 * The definition is read through the transaction's simulator, field by field as a Go peer does: these reads are a part of what is
 * endorsed, and have to be the same on every peer.
 * @throws ChaincodeError `protocol` for a collection that is not there; ProtoError
 */
export async function collectionPermission(
  invocation: ChaincodeInvocation,
  simulator: TxSimulator,
  collection: string,
  bundle: ChannelBundle,
): Promise<CollectionPermission> {
  const config = await findCollection(invocation.name, collection, simulator);
  if (config === 'implicit') {
    return EVERYTHING;
  }
  if (config === null) {
    const name = `${invocation.channelId}/${invocation.name}/${collection}`;
    throw new ChaincodeError('protocol', `collection ${name} could not be found`);
  }
  const onlyRead = config.getMemberOnlyRead();
  const onlyWrite = config.getMemberOnlyWrite();
  if ((!onlyRead && !onlyWrite) || (await isMember(invocation.signedProposal, config, bundle))) {
    return EVERYTHING;
  }
  return { read: !onlyRead, write: !onlyWrite };
}

async function findCollection(
  chaincode: string,
  collection: string,
  simulator: TxSimulator,
): Promise<peer.StaticCollectionConfig | 'implicit' | null> {
  if ((await simulator.getState(LIFECYCLE_NAMESPACE, `namespaces/metadata/${chaincode}`)) === null) {
    return null;
  }
  let bytes: Uint8Array | null = null;
  for (const field of FIELDS) {
    const value = await simulator.getState(LIFECYCLE_NAMESPACE, `namespaces/fields/${chaincode}/${field}`);
    bytes = field === COLLECTIONS ? value : bytes;
  }
  if (implicitOwner(collection) !== null) {
    return 'implicit';
  }
  const data = decodeMessage(peer.lifecycle.StateData, bytes ?? new Uint8Array(0), 'lifecycle.StateData');
  const list = decodeMessage(peer.CollectionConfigPackage, data.getBytes_asU8(), 'protos.CollectionConfigPackage');
  for (const one of list.getConfigList()) {
    const config = one.getStaticCollectionConfig();
    if (config?.getName() === collection) {
      return config;
    }
  }
  return null;
}

async function isMember(
  signed: SignedProposalMessage,
  config: peer.StaticCollectionConfig,
  bundle: ChannelBundle,
): Promise<boolean> {
  const envelope = config.getMemberOrgsPolicy()?.getSignaturePolicy();
  if (envelope === undefined) {
    return false;
  }
  const { proposalBytes: data, signature } = signed;
  const { signatureHeader } = readHeader(readProposal(data).header);
  const { creator } = readSignatureHeader(signatureHeader);
  const policy = SignaturePolicy.fromEnvelope(envelope, bundle.mspManager);
  const verdict = await policy.evaluate([{ data, identity: creator, signature }]);
  return verdict.satisfied;
}
