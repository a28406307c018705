import { common, peer } from '@hyperledger/fabric-protos';
import { FieldSet, WIRE } from '#node/channel/wire.ts';
import type { Signer } from '#node/crypto/sign.ts';
import type { CallOptions, GrpcClient } from '#node/grpc/client.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { evaluate } from './endorse.ts';
import { createProposal, type ProposalRequest, signProposal } from './proposal.ts';

const { lifecycle } = peer;
export const LIFECYCLE = '_lifecycle';

/** Asks a peer's chaincode and gives what it returned. @throws ClientError */
export async function query(
  client: GrpcClient,
  request: ProposalRequest,
  signer: Signer,
  options?: CallOptions,
): Promise<Uint8Array> {
  return evaluate(client, await signProposal(createProposal(request, signer), signer), options);
}

/** Joins a channel by its genesis block, as an administrator of the peer's organisation. @throws ClientError */
export async function joinChannel(client: GrpcClient, genesis: Uint8Array, admin: Signer): Promise<void> {
  await query(client, { channelId: '', chaincode: 'cscc', args: ['JoinChain', genesis] }, admin);
}

/** IDs of the channels that a peer has joined. @throws ClientError */
export async function joinedChannels(
  client: GrpcClient,
  signer: Signer,
  options?: CallOptions,
): Promise<readonly string[]> {
  const bytes = await query(client, { channelId: '', chaincode: 'cscc', args: ['GetChannels'] }, signer, options);
  const answer = decodeMessage(peer.ChannelQueryResponse, bytes, 'protos.ChannelQueryResponse');
  return answer.getChannelsList().map((one) => one.getChannelId());
}

/** Number of a channel's blocks at a peer, and the hash of the last. @throws ClientError */
export async function chainInfo(
  client: GrpcClient,
  channelId: string,
  signer: Signer,
  options?: CallOptions,
): Promise<{ readonly height: number; readonly hash: string }> {
  const request = { channelId, chaincode: 'qscc', args: ['GetChainInfo', channelId] };
  const bytes = await query(client, request, signer, options);
  const info = decodeMessage(common.BlockchainInfo, bytes, 'common.BlockchainInfo');
  return { height: info.getHeight(), hash: Buffer.from(info.getCurrentblockhash_asU8()).toString('hex') };
}

/** Installs a chaincode's package. @returns its ID @throws ClientError */
export async function installChaincode(client: GrpcClient, packageBytes: Uint8Array, admin: Signer): Promise<string> {
  const args = new lifecycle.InstallChaincodeArgs();
  args.setChaincodeInstallPackage(packageBytes);
  const bytes = await lifecycleQuery(client, '', 'InstallChaincode', args, admin);
  return decodeMessage(lifecycle.InstallChaincodeResult, bytes, 'lifecycle.InstallChaincodeResult').getPackageId();
}

/** IDs of the packages that are installed at a peer. @throws ClientError */
export async function installedChaincodes(client: GrpcClient, admin: Signer): Promise<readonly string[]> {
  const args = new lifecycle.QueryInstalledChaincodesArgs();
  const bytes = await lifecycleQuery(client, '', 'QueryInstalledChaincodes', args, admin);
  const result = decodeMessage(
    lifecycle.QueryInstalledChaincodesResult,
    bytes,
    'lifecycle.QueryInstalledChaincodesResult',
  );
  return result.getInstalledChaincodesList().map((one) => one.getPackageId());
}

/** What organisations agree on before a chaincode runs on a channel. */
export interface DefinitionRequest {
  readonly channelId: string;
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  /** Serialised `protos.ApplicationPolicy`; empty for the channel's `Endorsement`. */
  readonly validationParameter: Uint8Array;
  readonly collections: peer.CollectionConfigPackage | null;
  readonly initRequired: boolean;
  /** Default `escc`. */
  readonly endorsementPlugin?: string;
  /** Default `vscc`. */
  readonly validationPlugin?: string;
}

/** The proposal with which an organisation approves; to be endorsed by its own peers and submitted. */
export function approveRequest(definition: DefinitionRequest, packageId: string): ProposalRequest {
  const local = new lifecycle.ChaincodeSource.Local();
  local.setPackageId(packageId);
  const source = new lifecycle.ChaincodeSource();
  source.setLocalPackage(local);
  const args = described(new lifecycle.ApproveChaincodeDefinitionForMyOrgArgs(), definition);
  args.setSource(source);
  return lifecycleRequest(definition.channelId, 'ApproveChaincodeDefinitionForMyOrg', args);
}

/** The proposal with which a definition that enough organisations approved is committed. */
export function commitRequest(definition: DefinitionRequest): ProposalRequest {
  const args = described(new lifecycle.CommitChaincodeDefinitionArgs(), definition);
  return lifecycleRequest(definition.channelId, 'CommitChaincodeDefinition', args);
}

/** Which organisations have approved a definition, by MSP. @throws ClientError */
export async function commitReadiness(
  client: GrpcClient,
  definition: DefinitionRequest,
  signer: Signer,
): Promise<ReadonlyMap<string, boolean>> {
  const args = described(new lifecycle.CheckCommitReadinessArgs(), definition);
  const bytes = await lifecycleQuery(client, definition.channelId, 'CheckCommitReadiness', args, signer);
  return approvalsOf(bytes);
}

/** `CheckCommitReadinessResult.approvals`, a map, which `decodeMessage` passes over. */
function approvalsOf(bytes: Uint8Array): ReadonlyMap<string, boolean> {
  const what = 'lifecycle.CheckCommitReadinessResult';
  const entries = new FieldSet(bytes, what, { 1: WIRE.bytes, 2: WIRE.bytes }).list(1);
  return new Map(
    entries.map((entry) => {
      const fields = new FieldSet(entry, `${what} (approvals)`, { 1: WIRE.bytes, 2: WIRE.varint });
      return [fields.text(1), fields.uint(2) !== 0];
    }),
  );
}

/** Names and sequences of the chaincodes that are committed on a channel. @throws ClientError */
export async function committedChaincodes(
  client: GrpcClient,
  channelId: string,
  signer: Signer,
  options?: CallOptions,
): Promise<ReadonlyMap<string, { readonly sequence: number; readonly version: string }>> {
  const args = new lifecycle.QueryChaincodeDefinitionsArgs();
  const bytes = await lifecycleQuery(client, channelId, 'QueryChaincodeDefinitions', args, signer, options);
  const result = decodeMessage(
    lifecycle.QueryChaincodeDefinitionsResult,
    bytes,
    'lifecycle.QueryChaincodeDefinitionsResult',
  );
  return new Map(
    result
      .getChaincodeDefinitionsList()
      .map((one) => [one.getName(), { sequence: one.getSequence(), version: one.getVersion() }]),
  );
}

interface DefinitionMessage {
  setName(value: string): void;
  setVersion(value: string): void;
  setSequence(value: number): void;
  setEndorsementPlugin(value: string): void;
  setValidationPlugin(value: string): void;
  setValidationParameter(value: Uint8Array): void;
  setCollections(value?: peer.CollectionConfigPackage): void;
  setInitRequired(value: boolean): void;
  serializeBinary(): Uint8Array;
}

function described<M extends DefinitionMessage>(message: M, definition: DefinitionRequest): M {
  message.setName(definition.name);
  message.setVersion(definition.version);
  message.setSequence(definition.sequence);
  message.setEndorsementPlugin(definition.endorsementPlugin ?? 'escc');
  message.setValidationPlugin(definition.validationPlugin ?? 'vscc');
  message.setValidationParameter(definition.validationParameter);
  message.setCollections(definition.collections ?? undefined);
  message.setInitRequired(definition.initRequired);
  return message;
}

function lifecycleRequest(channelId: string, name: string, args: { serializeBinary(): Uint8Array }): ProposalRequest {
  return { channelId, chaincode: LIFECYCLE, args: [name, args.serializeBinary()] };
}

function lifecycleQuery(
  client: GrpcClient,
  channelId: string,
  name: string,
  args: { serializeBinary(): Uint8Array },
  signer: Signer,
  options?: CallOptions,
): Promise<Uint8Array> {
  return query(client, lifecycleRequest(channelId, name, args), signer, options);
}
