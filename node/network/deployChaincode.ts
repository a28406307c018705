import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { peer } from '@hyperledger/fabric-protos';
import { createPackage } from '#node/chaincode/packages/createPackage.ts';
import { packageIdOf } from '#node/chaincode/packages/chaincodePackage.ts';
import { submit } from '#node/client/submit.ts';
import {
  approveRequest,
  commitReadiness,
  commitRequest,
  committedChaincodes,
  type DefinitionRequest,
  installChaincode,
  installedChaincodes,
} from '#node/client/systemChaincodes.ts';
import { parsePolicy } from '#node/policy/policyDsl.ts';
import type { NetworkConnections } from './connections.ts';
import type { ChaincodeLayout, OrganizationLayout, PeerLayout } from './layout.ts';
import type { CollectionInput } from './layoutSchema.ts';
import type { NetworkFolder } from './networkFolder.ts';
import { NetworkError } from './networkError.ts';
import { HOST } from './ports.ts';
import { waitUntil } from './waitUntil.ts';

const TIMEOUT_MS = 60_000;
const SAMPLE_COLLECTION = 'assetDetails';

/** A chaincode's package as it is kept: the same bytes at every start, for its ID is in the approvals. */
export interface PackagedChaincode {
  readonly packageId: string;
  readonly bytes: Uint8Array;
}

/** @param samplePath folder of the sample @throws ChaincodeError `bad_package` */
export async function packageChaincode(
  folder: NetworkFolder,
  chaincode: ChaincodeLayout,
  samplePath: string,
): Promise<PackagedChaincode> {
  const label = labelOf(chaincode);
  const file = folder.chaincode(chaincode.name).package(label);
  if (!existsSync(file)) {
    const bytes = await createPackage(
      chaincode.run === 'service'
        ? { label, type: 'ccaas', connection: { address: `${HOST}:${chaincode.port}`, dial_timeout: '10s' } }
        : { label, type: 'node', path: chaincode.path ?? samplePath },
    );
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.partial`, bytes);
    renameSync(`${file}.partial`, file);
  }
  const bytes = readFileSync(file);
  return { packageId: packageIdOf(label, bytes), bytes };
}

/** Of a chaincode's package: a new version is a new package. */
export function labelOf({ name, version }: Pick<ChaincodeLayout, 'name' | 'version'>): string {
  return `${name}_${version}`;
}

/**
 * Brings a chaincode to every peer of its channels: installed, approved by each organisation, committed. What is done already is passed
 * over.
 * @throws NetworkError, ClientError
 */
export async function deployChaincode(
  chaincode: ChaincodeLayout,
  packaged: PackagedChaincode,
  connections: NetworkConnections,
  signal: AbortSignal,
): Promise<void> {
  for (const channelId of chaincode.channels) {
    const members = membersOf(channelId, connections);
    await Promise.all(
      members.flatMap((organization) =>
        organization.peers.map((node) => install(organization, node, packaged, connections)),
      ),
    );
    await agree(chaincode, packaged.packageId, { channelId, members, connections, signal });
  }
}

function membersOf(channelId: string, connections: NetworkConnections): readonly OrganizationLayout[] {
  const channel = connections.layout.channels.find(({ name }) => name === channelId);
  return (channel?.organizations ?? []).map((name) => connections.organization(name));
}

async function install(
  organization: OrganizationLayout,
  node: PeerLayout,
  { packageId, bytes }: PackagedChaincode,
  connections: NetworkConnections,
): Promise<void> {
  const admin = connections.signer(organization, 'Admin');
  const client = connections.peer(organization, node);
  if (!(await installedChaincodes(client, admin)).includes(packageId)) {
    await installChaincode(client, bytes, admin);
  }
}

interface Agreement {
  readonly channelId: string;
  readonly members: readonly OrganizationLayout[];
  readonly connections: NetworkConnections;
  readonly signal: AbortSignal;
}

async function agree(chaincode: ChaincodeLayout, packageId: string, agreement: Agreement): Promise<void> {
  const { channelId, members, connections, signal } = agreement;
  const [first] = members;
  if (first === undefined) {
    return;
  }
  const definition = definitionRequest(channelId, chaincode, members);
  const committed = (await definitionsAt(first, firstPeer(first), agreement)).get(chaincode.name);
  if (committed === undefined || committed.sequence < chaincode.sequence) {
    for (const organization of members) {
      await approve(definition, packageId, organization, agreement);
    }
    // Peers endorse the same only where all of them know of every approval.
    await Promise.all(members.map((organization) => approvalsKnown(definition, organization, agreement)));
    await submit(
      commitRequest(definition),
      {
        ...routeOf(first, agreement),
        endorsers: members.map((one) => connections.peer(one, firstPeer(one))),
      },
      limited(signal),
    );
  }
  // Where the others have not come so far yet, the first proposals would fail.
  await Promise.all(
    members.flatMap((organization) =>
      organization.peers.map((node) =>
        waitUntil(
          async () => {
            const known = (await definitionsAt(organization, node, agreement)).get(chaincode.name);
            if (known === undefined || known.sequence < chaincode.sequence) {
              throw new NetworkError('not_ready', `${chaincode.name} is not committed there yet`);
            }
          },
          { what: `${chaincode.name} at ${node.host}`, timeoutMs: TIMEOUT_MS, signal },
        ),
      ),
    ),
  );
}

async function approve(
  definition: DefinitionRequest,
  packageId: string,
  organization: OrganizationLayout,
  agreement: Agreement,
): Promise<void> {
  const { connections, signal } = agreement;
  const client = connections.peer(organization, firstPeer(organization));
  const admin = connections.signer(organization, 'Admin');
  const readiness = await commitReadiness(client, definition, admin);
  if (readiness.get(organization.mspId) !== true) {
    const route = routeOf(organization, agreement);
    await submit(approveRequest(definition, packageId), { ...route, endorsers: [client] }, limited(signal));
  }
}

async function approvalsKnown(
  definition: DefinitionRequest,
  organization: OrganizationLayout,
  { connections, members, signal }: Agreement,
): Promise<void> {
  const node = firstPeer(organization);
  const client = connections.peer(organization, node);
  const admin = connections.signer(organization, 'Admin');
  const ask = async (): Promise<void> => {
    const readiness = await commitReadiness(client, definition, admin);
    const missing = members.filter(({ mspId }) => readiness.get(mspId) !== true);
    if (missing.length > 0) {
      throw new NetworkError('not_ready', `it has no approval of ${missing.map(({ name }) => name).join(', ')}`);
    }
  };
  await waitUntil(ask, { what: `${definition.name} at ${node.host}`, timeoutMs: TIMEOUT_MS, signal });
}

/** As the organisation's administrator, over its first peer. */
function routeOf(organization: OrganizationLayout, { connections, channelId }: Agreement) {
  return {
    signer: connections.signer(organization, 'Admin'),
    orderer: connections.broadcaster,
    commits: connections.watcher(organization, firstPeer(organization), channelId),
  };
}

function definitionsAt(
  organization: OrganizationLayout,
  node: PeerLayout,
  { connections, channelId }: Agreement,
): ReturnType<typeof committedChaincodes> {
  return committedChaincodes(
    connections.peer(organization, node),
    channelId,
    connections.signer(organization, 'Admin'),
  );
}

function firstPeer({ name, peers }: OrganizationLayout): PeerLayout {
  const [first] = peers;
  if (first === undefined) {
    throw new NetworkError('bad_layout', `${name} has no peers`);
  }
  return first;
}

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
}

/** @param members of the channel @throws PolicyError */
export function definitionRequest(
  channelId: string,
  chaincode: ChaincodeLayout,
  members: readonly { readonly mspId: string }[],
): DefinitionRequest {
  const { name, version, sequence, policy, initRequired, endorsementPlugin, validationPlugin } = chaincode;
  const collections = chaincode.collections ?? sampleCollections(members);
  return {
    channelId,
    name,
    version,
    sequence,
    initRequired,
    endorsementPlugin,
    validationPlugin,
    validationParameter: policy === '' ? new Uint8Array(0) : applicationPolicy(policy),
    collections: collections.length === 0 ? null : collectionPackage(collections),
  };
}

/** What the sample keeps from others, for every organisation that may have it. */
function sampleCollections(members: readonly { readonly mspId: string }[]): readonly CollectionInput[] {
  const listed = members.map(({ mspId }) => `'${mspId}.member'`).join(', ');
  // No peer need have handed the details on before it endorses: they come to the others as gossip brings them.
  return [{ name: SAMPLE_COLLECTION, policy: `OR(${listed})`, requiredPeerCount: 0, maxPeerCount: 1 }];
}

/** A path to a policy of the channel's, or a rule of its own. */
function applicationPolicy(text: string): Uint8Array {
  const message = new peer.ApplicationPolicy();
  if (text.startsWith('/')) {
    message.setChannelConfigPolicyReference(text);
  } else {
    message.setSignaturePolicy(parsePolicy(text));
  }
  return message.serializeBinary();
}

function collectionPackage(collections: readonly CollectionInput[]): peer.CollectionConfigPackage {
  const message = new peer.CollectionConfigPackage();
  message.setConfigList(
    collections.map((one) => {
      const members = new peer.CollectionPolicyConfig();
      members.setSignaturePolicy(parsePolicy(one.policy));
      const fixed = new peer.StaticCollectionConfig();
      fixed.setName(one.name);
      fixed.setMemberOrgsPolicy(members);
      fixed.setRequiredPeerCount(one.requiredPeerCount ?? 0);
      fixed.setMaximumPeerCount(one.maxPeerCount ?? 1);
      fixed.setBlockToLive(one.blockToLive ?? 0);
      fixed.setMemberOnlyRead(one.memberOnlyRead ?? true);
      fixed.setMemberOnlyWrite(one.memberOnlyWrite ?? true);
      const config = new peer.CollectionConfig();
      config.setStaticCollectionConfig(fixed);
      return config;
    }),
  );
  return message;
}
