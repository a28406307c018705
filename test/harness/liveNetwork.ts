import { createPrivateKey } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { broadcast } from '#node/client/broadcast.ts';
import type { CommitStatus, CommitWatcher } from '#node/client/commitWatcher.ts';
import { deliveredBlocks } from '#node/client/deliver.ts';
import { agreed, type Endorsements, propose, type ProposalAnswer } from '#node/client/endorse.ts';
import { createProposal, type Proposal, type ProposalRequest, signProposal } from '#node/client/proposal.ts';
import { assembleTransaction } from '#node/client/transaction.ts';
import { Certificate } from '#node/crypto/certificate.ts';
import { Signer } from '#node/crypto/sign.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { type Holder, type HolderOptions, issue } from '#node/msp/testAuthority.ts';
import { NetworkConnections } from '#node/network/connections.ts';
import { createNetwork } from '#node/network/createNetwork.ts';
import { downNetwork } from '#node/network/downNetwork.ts';
import type { Layout, OrdererLayout, OrganizationLayout, PeerLayout } from '#node/network/layout.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import type { NodeCommands } from '#node/network/nodeProcesses.ts';
import { runningProcess } from '#node/network/processes.ts';
import { upNetwork } from '#node/network/upNetwork.ts';
import type { BlockView } from '#node/protos/blockView.ts';

const CHAINCODE_FOLDER = fileURLToPath(new URL('../chaincode/faulty', import.meta.url));
const BIN = fileURLToPath(new URL('../../bin/ftl.js', import.meta.url));
const DAY_MS = 24 * 60 * 60 * 1000;
const WAIT_MS = 30_000;

export const CHANNEL = 'mychannel';
/** What most tests call; any of its transactions may take it down. */
export const CHAINCODE = 'faulty';
/** The same code in processes of its own, for those who are not to be disturbed; one organisation's endorsement is enough. */
export const STEADY = 'steady';
/** The nodes run in processes of `ftl` itself. */
export const FTL: NodeCommands = { program: process.execPath, args: [BIN] };

/** What a node's `core.yaml` or `orderer.yaml` says other than the network tool wrote, by dotted key. */
export type NodeSettings = Readonly<Record<string, unknown>>;

export interface LiveNetworkOptions {
  readonly peers?: NodeSettings;
  readonly orderer?: NodeSettings;
  /** Whether there is the chaincode `steady` too. */
  readonly steady?: boolean;
  /** As a layout has it. */
  readonly batch?: Readonly<Record<string, unknown>>;
}

/** How a transaction is made; what is left out is as an honest client does it. */
export interface Way {
  readonly signer?: Signer;
  readonly endorsers?: readonly GrpcClient[];
  readonly transient?: Readonly<Record<string, Uint8Array>>;
}

/** A transaction that peers endorsed, on its way to the orderer. */
export interface Endorsed extends Endorsements {
  readonly proposal: Proposal;
}

/**
 * For tests: a network of FTL's own processes in a temporary folder, which goes with it: an orderer and two organisations with a peer
 * each, which run the chaincode of `test/chaincode/faulty` in processes of their own.
 */
export class LiveNetwork implements AsyncDisposable {
  readonly folder: NetworkFolder;
  readonly layout: Layout;
  connections: NetworkConnections;

  private constructor(folder: NetworkFolder, layout: Layout) {
    this.folder = folder;
    this.layout = layout;
    this.connections = new NetworkConnections({ folder, layout }, { connect });
  }

  static async start(options: LiveNetworkOptions = {}): Promise<LiveNetwork> {
    const temporary = mkdtempSync(join(tmpdir(), 'ftl-faults-'));
    // Where the peers run as root, their chaincode runs as somebody else, who has to pass through here.
    chmodSync(temporary, 0o755);
    const folder = new NetworkFolder(join(temporary, 'network'));
    // Made some days ago, so that certificates can have expired since.
    const layout = await createNetwork(folder.path, layoutText(options), { now: new Date(Date.now() - 2 * DAY_MS) });
    const network = new LiveNetwork(folder, layout);
    for (const { peers, orderers } of layout.organizations) {
      for (const { host } of peers) {
        network.configure(host, options.peers ?? {});
      }
      for (const { host } of orderers) {
        network.configure(host, options.orderer ?? {});
      }
    }
    try {
      await network.up();
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  /** Starts what does not run; resolves when clients may use it. */
  async up(): Promise<void> {
    const { folder } = this;
    await upNetwork({ folder, commands: FTL }, { connect, onProgress: () => {} }, AbortSignal.timeout(2 * WAIT_MS));
    // What is connected already may still wait before it tries again.
    await Promise.all([...this.peers, this.orderer].map((one) => one.ready(WAIT_MS)));
    await Promise.all(this.commits.map((one) => one.ready(AbortSignal.timeout(WAIT_MS))));
  }

  /** Number of the process that a node runs in. */
  async pidOf(host: string): Promise<number> {
    const pid = await runningProcess(this.folder.node(host).pid);
    if (pid === null) {
      throw new Error(`${host} does not run`);
    }
    return pid;
  }

  /** Ends a node at once, in the midst of whatever it does. */
  async kill(host: string): Promise<void> {
    process.kill(await this.pidOf(host), 'SIGKILL');
    while ((await runningProcess(this.folder.node(host).pid)) !== null) {
      await delay(10);
    }
  }

  /** Changes a node's configuration; it takes it with its next start. */
  configure(host: string, settings: NodeSettings): void {
    const { folder } = this.folder.node(host);
    const name = readdirSync(folder).find((file) => /^(?:core|orderer)\.yaml$/.test(file)) as string;
    const tree = parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
    for (const [key, value] of Object.entries(settings)) {
      const path = key.split('.');
      const last = path.pop() as string;
      let at = tree;
      for (const part of path) {
        at = (at[part] ??= {}) as Record<string, unknown>;
      }
      at[last] = value;
    }
    writeFileSync(join(folder, name), stringify(tree));
  }

  /** Ends all processes as an operator does; the folder stays. */
  async down(): Promise<void> {
    await this.connections.close();
    await downNetwork(this.folder);
    this.connections = new NetworkConnections({ folder: this.folder, layout: this.layout }, { connect });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    rmSync(join(this.folder.path, '..'), { recursive: true, force: true });
  }

  get org1(): OrganizationLayout {
    return this.connections.organization('Org1');
  }

  get org2(): OrganizationLayout {
    return this.connections.organization('Org2');
  }

  /** One of each organisation. */
  get peers(): readonly [GrpcClient, GrpcClient] {
    const [peer1, peer2] = [this.org1, this.org2].map((one) => this.connections.peer(one, firstOf(one.peers)));
    return [peer1 as GrpcClient, peer2 as GrpcClient];
  }

  get ordererHost(): string {
    return firstOf(this.connections.organization('Orderer').orderers).host;
  }

  get orderer(): GrpcClient {
    const organization = this.connections.organization('Orderer');
    return this.connections.orderer(organization, firstOf(organization.orderers));
  }

  /** `User1` of Org1. */
  get client(): Signer {
    return this.connections.signer(this.org1, 'User1');
  }

  /** One of each organisation's peer. */
  get commits(): readonly [CommitWatcher, CommitWatcher] {
    const [one, two] = [this.org1, this.org2].map((organization) =>
      this.connections.watcher(organization, firstOf(organization.peers), CHANNEL),
    );
    return [one as CommitWatcher, two as CommitWatcher];
  }

  /** How a node is reached by those who make connections of their own. */
  addressOf(host: string): { readonly port: number; readonly tlsRoots: Buffer } {
    const ofHost = ({ host: own }: { readonly host: string }): boolean => own === host;
    const organization = this.layout.organizations.find((one) => nodesOf(one).some(ofHost)) as OrganizationLayout;
    const { port } = nodesOf(organization).find(ofHost) as PeerLayout | OrdererLayout;
    return { port, tlsRoots: readFileSync(this.folder.organization(organization).tlsCaCertificate) };
  }

  /** A connection of its own, which the caller closes. @param through port of a proxy before the node */
  connectTo(host: string, through?: number): GrpcClient {
    const { port, tlsRoots } = this.addressOf(host);
    return connect({ address: `127.0.0.1:${through ?? port}`, serverName: host, tlsRoots });
  }

  /** Somebody whom the organisation's authority vouches for. */
  member({ mspId }: OrganizationLayout, name: string, options: HolderOptions = {}): Signer {
    const organization = this.layout.organizations.find((one) => one.mspId === mspId) as OrganizationLayout;
    return signerOf(mspId, issue(this.authority(organization), { name, units: ['client'], ...options }));
  }

  authority(organization: OrganizationLayout): Holder {
    const { ca } = this.folder.organization(organization);
    const certificate = readdirSync(ca).find((file) => file.endsWith('.pem')) as string;
    const pem = readFileSync(join(ca, certificate));
    const privateKey = createPrivateKey(readFileSync(join(ca, 'priv_sk')));
    return { certificate: Certificate.fromPem(pem), privateKey, pem };
  }

  request(args: readonly string[], more: Partial<ProposalRequest> = {}): ProposalRequest {
    return { channelId: CHANNEL, chaincode: CHAINCODE, args, ...more };
  }

  /** Hands a proposal to peers and gives what each answered, whatever it is; calls that fail are thrown. */
  async propose(
    request: ProposalRequest,
    way: Way = {},
  ): Promise<{ readonly proposal: Proposal; readonly answers: readonly ProposalAnswer[] }> {
    const { signer = this.client, endorsers = this.peers } = way;
    const proposal = createProposal(request, signer);
    const signed = await signProposal(proposal, signer);
    const options = { timeoutMs: WAIT_MS };
    return { proposal, answers: await Promise.all(endorsers.map((one) => propose(one, signed, options))) };
  }

  /** @throws ClientError */
  async endorse(args: readonly string[], way: Way = {}): Promise<Endorsed> {
    const transient = way.transient === undefined ? {} : { transient: way.transient };
    const { proposal, answers } = await this.propose(this.request(args, transient), way);
    return { proposal, ...agreed(answers) };
  }

  envelope(endorsed: Endorsed, signer = this.client): Promise<Uint8Array> {
    return assembleTransaction(endorsed.proposal, endorsed, signer);
  }

  /** Hands it to the orderer. @throws ClientError */
  order(envelope: Uint8Array): Promise<void> {
    return broadcast(this.orderer, envelope);
  }

  /** Resolves when both peers have committed a block with this transaction, which must not have been sent before. */
  async committed(txId: string): Promise<CommitStatus> {
    const [status] = await Promise.all(this.commits.map((one) => one.wait(txId, AbortSignal.timeout(WAIT_MS))));
    return status as CommitStatus;
  }

  /** Hands a transaction to the orderer and waits for the block. @throws ClientError */
  async commit(txId: string, envelope: Uint8Array): Promise<CommitStatus> {
    const committed = this.committed(txId);
    committed.catch(() => {});
    await this.order(envelope);
    return committed;
  }

  /** A transaction as it should be. @throws ClientError */
  async submit(args: readonly string[], way: Way = {}): Promise<CommitStatus> {
    const endorsed = await this.endorse(args, way);
    return this.commit(endorsed.proposal.txId, await this.envelope(endorsed, way.signer));
  }

  /** All blocks that a peer has. */
  async blocks(peer: GrpcClient = this.peers[0]): Promise<readonly BlockView[]> {
    const found: BlockView[] = [];
    const signer = this.connections.signer(peer === this.peers[1] ? this.org2 : this.org1, 'Admin');
    for await (const block of deliveredBlocks(
      peer,
      'peer',
      { channelId: CHANNEL, from: 'oldest', to: 'newest' },
      signer,
    )) {
      found.push(block);
    }
    return found;
  }
}

export function signerOf(mspId: string, { pem, privateKey }: Holder): Signer {
  return new Signer({ mspId, certificatePem: pem, keyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }) });
}

function nodesOf({ peers, orderers }: OrganizationLayout): readonly (PeerLayout | OrdererLayout)[] {
  return [...peers, ...orderers];
}

function firstOf<T>(list: readonly T[]): T {
  return list[0] as T;
}

function layoutText({ batch = {}, steady = false }: LiveNetworkOptions): string {
  const peer = { port: 0, chaincodePort: 0, operationsPort: 0 };
  return stringify({
    organizations: [
      {
        name: 'Orderer',
        domain: 'example.com',
        orderers: [{ name: 'orderer', port: 0, adminPort: 0, operationsPort: 0 }],
      },
      { name: 'Org1', peers: [peer] },
      { name: 'Org2', peers: [peer] },
    ],
    channels: [{ name: CHANNEL, batch: { timeout: '100ms', maxMessageCount: 10, ...batch } }],
    chaincodes: [
      {
        name: CHAINCODE,
        path: CHAINCODE_FOLDER,
        run: 'peer',
        collections: [{ name: 'secrets', policy: "OR('Org1MSP.member', 'Org2MSP.member')" }],
      },
      ...(steady
        ? [{ name: STEADY, path: CHAINCODE_FOLDER, run: 'peer', policy: "OR('Org1MSP.peer', 'Org2MSP.peer')" }]
        : []),
    ],
  });
}
