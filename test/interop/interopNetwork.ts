import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNetwork } from '#node/network/createNetwork.ts';
import type { Layout, OrdererLayout, OrganizationLayout, PeerLayout } from '#node/network/layout.ts';
import type { MemberPaths } from '#node/network/material/materialPaths.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import { remakeGenesis, remakeWithGo, writeConfigtx } from './goMaterial.ts';
import { completeForGo } from './goPeerConfig.ts';
import { type CommandResult, type Environment, goEnvironment, type GoTools } from './goTools.ts';
import { type InteropOptions, layoutText, type Maker } from './interopLayout.ts';
import { PeerCommand } from './peerCommand.ts';
import { until } from './until.ts';

const BIN = fileURLToPath(new URL('../../bin/ftl.js', import.meta.url));
const HOST = '127.0.0.1';
const STOP_MS = 10_000;

/** An orderer and peers in processes of their own, ours and Go's, in a temporary folder; driven by Go's commands. */
export class InteropNetwork implements AsyncDisposable {
  readonly tools: GoTools;
  readonly folder: NetworkFolder;
  readonly layout: Layout;
  readonly #makers: Readonly<Record<string, Maker>>;
  readonly #mutualTls: boolean;
  readonly #peers: (host: string) => Environment;
  readonly #processes = new Map<string, ChildProcess>();

  private constructor(tools: GoTools, folder: NetworkFolder, layout: Layout, options: InteropOptions) {
    this.tools = tools;
    this.folder = folder;
    this.layout = layout;
    this.#makers = options.nodes ?? {};
    this.#mutualTls = options.mutualTls ?? false;
    this.#peers = options.peers ?? (() => ({}));
  }

  /** Makes the network and starts its nodes; nothing is joined. */
  static async start(tools: GoTools, options: InteropOptions): Promise<InteropNetwork> {
    for (let tries = 1; ; tries++) {
      try {
        return await InteropNetwork.#startOnce(tools, options);
      } catch (error) {
        // Between choosing a port and listening there, another program may have come by.
        if (tries === 3 || !(error instanceof Error) || !/is taken by|address already in use/.test(error.message)) {
          throw error;
        }
      }
    }
  }

  static async #startOnce(tools: GoTools, options: InteropOptions): Promise<InteropNetwork> {
    const temporary = mkdtempSync(join(tmpdir(), 'ftl-interop-'));
    // Where peers run as root, their chaincode runs as somebody else, who has to pass through here.
    chmodSync(temporary, 0o755);
    const folder = new NetworkFolder(join(temporary, 'network'));
    const layout = await createNetwork(folder.path, layoutText(options));
    const network = new InteropNetwork(tools, folder, layout, options);
    try {
      if (options.material === 'go') {
        await remakeWithGo(tools, folder, layout, options.bft);
      } else {
        writeConfigtx(folder, layout, options.bft);
        if (options.bft === true) {
          await remakeGenesis(tools, folder, layout);
        }
      }
      // Each is waited for, so that none is started when the others have been ended.
      const starts = await Promise.allSettled(network.hosts.map((host) => network.startNode(host)));
      const failed = starts.find((start) => start.status === 'rejected');
      if (failed !== undefined) {
        throw failed.reason;
      }
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((host) => this.stopNode(host)));
    rmSync(dirname(this.folder.path), { recursive: true, force: true });
  }

  get hosts(): readonly string[] {
    return this.layout.organizations.flatMap(({ peers, orderers }) => [...orderers, ...peers].map(({ host }) => host));
  }

  /** Starts a node; resolves when it answers. */
  async startNode(host: string): Promise<void> {
    const paths = this.folder.node(host);
    const orderer = this.ordering.orderers.find((one) => one.host === host);
    const maker = this.#makers[host] ?? 'ours';
    mkdirSync(dirname(paths.log), { recursive: true });
    if (maker === 'go' && orderer === undefined) {
      completeForGo(paths.folder);
    }
    const args = orderer === undefined ? ['peer', 'node', 'start'] : ['orderer', 'start'];
    const [program, given] =
      maker === 'ours'
        ? [process.execPath, [BIN, ...args]]
        : [this.tools.path(orderer === undefined ? 'peer' : 'orderer'), args.slice(1)];
    const log = openSync(paths.log, 'a');
    const child = spawn(program, given, {
      cwd: paths.folder,
      env: goEnvironment({
        FABRIC_CFG_PATH: paths.folder,
        FABRIC_LOGGING_SPEC: 'info',
        ...this.#tlsEnvironment(host),
        ...(orderer === undefined ? this.#peers(host) : {}),
        ...(maker === 'ours'
          ? { [`${orderer === undefined ? 'CORE' : 'ORDERER'}_FTL_TRACING_FILE`]: paths.records }
          : {}),
      }),
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#processes.set(host, child);
    await until(`${host} answers`, async () => {
      if (child.exitCode !== null) {
        throw new Error(`${host} ended with ${child.exitCode}: ${this.log(host).slice(-4000)}`, { cause: 'final' });
      }
      const { status } = await (orderer === undefined
        ? this.peerOf(host).attempt(['channel', 'list'])
        : this.osnadmin(['list'], orderer));
      return status === 0;
    });
  }

  /** Ends a node as an operator does. */
  async stopNode(host: string): Promise<void> {
    const child = this.#processes.get(host);
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await promise;
      clearTimeout(timer);
    }
    this.#processes.delete(host);
  }

  /** Its process stands still, with all connections open, until it may go on. */
  pauseNode(host: string): void {
    this.#processes.get(host)?.kill('SIGSTOP');
  }

  resumeNode(host: string): void {
    this.#processes.get(host)?.kill('SIGCONT');
  }

  /** What a node printed. */
  log(host: string): string {
    return readFileSync(this.folder.node(host).log, 'utf8');
  }

  file(name: string): string {
    return join(this.folder.path, name);
  }

  organization(name: string): OrganizationLayout {
    const found = this.layout.organizations.find((one) => one.name === name);
    if (found === undefined) {
      throw new Error(`there is no ${name}`);
    }
    return found;
  }

  get ordering(): OrganizationLayout {
    return this.organization('Orderer');
  }

  get orderer(): OrdererLayout {
    return this.ordering.orderers[0] as OrdererLayout;
  }

  /** For commands that speak with the orderer. */
  get ordererFlags(): readonly string[] {
    return this.flagsOf(this.orderer);
  }

  flagsOf(orderer: OrdererLayout): readonly string[] {
    const { tlsCaCertificate } = this.folder.organization(this.ordering);
    const server = ['-o', `${HOST}:${orderer.port}`, '--tls', '--cafile', tlsCaCertificate];
    if (!this.#mutualTls) {
      return server;
    }
    const { certificate, key } = this.folder.organization(this.organization('Org1')).user('Admin').tls;
    return [...server, '--clientauth', '--certfile', certificate, '--keyfile', key];
  }

  /** For commands that speak with several peers. */
  peerFlags(...hosts: readonly string[]): readonly string[] {
    return hosts.flatMap((host) => {
      const [organization, peer] = this.#peer(host);
      const { tlsCaCertificate } = this.folder.organization(organization);
      return ['--peerAddresses', `${HOST}:${peer.port}`, '--tlsRootCertFiles', tlsCaCertificate];
    });
  }

  /** For `peer snapshot`, which has flags of its own. */
  peerFlag(host: string): readonly string[] {
    const [organization, peer] = this.#peer(host);
    const { tlsCaCertificate } = this.folder.organization(organization);
    return ['--peerAddress', `${HOST}:${peer.port}`, '--tlsRootCertFile', tlsCaCertificate];
  }

  /** `osnadmin channel …` as the ordering service's administrator. */
  async osnadmin(
    args: readonly string[],
    orderer = this.orderer,
  ): Promise<CommandResult & { readonly answer: unknown }> {
    const paths = this.folder.organization(this.ordering);
    const { certificate, key } = paths.user('Admin').tls;
    const tls = ['--ca-file', paths.tlsCaCertificate, '--client-cert', certificate, '--client-key', key];
    const address = ['-o', `${HOST}:${orderer.adminPort}`];
    const result = await this.tools.attempt('osnadmin', ['channel', ...args, ...address, ...tls]);
    const json = result.stdout.indexOf('{');
    return { ...result, answer: json === -1 ? null : JSON.parse(result.stdout.slice(json)) };
  }

  /** The `peer` command at a peer, as somebody of its organisation. */
  peerOf(host: string, user = 'Admin'): PeerCommand {
    const [organization] = this.#peer(host);
    return new PeerCommand(this.tools, {
      FABRIC_CFG_PATH: this.folder.node(host).folder,
      CORE_PEER_MSPCONFIGPATH: this.folder.organization(organization).user(user).msp,
      ...(this.#mutualTls ? clientTls(this.folder.organization(organization).user(user)) : {}),
    });
  }

  #tlsEnvironment(host: string): Environment {
    if (!this.#mutualTls) {
      return {};
    }
    const roots = this.layout.organizations.map((one) => this.folder.organization(one).tlsCaCertificate);
    if (host === this.orderer.host) {
      return {
        ORDERER_GENERAL_TLS_CLIENTAUTHREQUIRED: 'true',
        ORDERER_GENERAL_TLS_CLIENTROOTCAS: `[${roots.join(',')}]`,
      };
    }
    const [organization] = this.#peer(host);
    return {
      ...clientTls(this.folder.organization(organization).node(host)),
      CORE_PEER_TLS_CLIENTROOTCAS_FILES: roots.join(' '),
    };
  }

  /** The `peer` command as an administrator of the ordering service, who has no peer. */
  get ordererAdmin(): PeerCommand {
    const [first] = this.layout.organizations.flatMap(({ peers }) => peers) as [PeerLayout];
    return new PeerCommand(this.tools, {
      FABRIC_CFG_PATH: this.folder.node(first.host).folder,
      CORE_PEER_LOCALMSPID: this.ordering.mspId,
      CORE_PEER_MSPCONFIGPATH: this.folder.organization(this.ordering).user('Admin').msp,
    });
  }

  #peer(host: string): [OrganizationLayout, PeerLayout] {
    for (const organization of this.layout.organizations) {
      const peer = organization.peers.find((one) => one.host === host);
      if (peer !== undefined) {
        return [organization, peer];
      }
    }
    throw new Error(`there is no ${host}`);
  }
}

function clientTls({ tls }: MemberPaths): Environment {
  return {
    CORE_PEER_TLS_CLIENTAUTHREQUIRED: 'true',
    CORE_PEER_TLS_CLIENTCERT_FILE: tls.certificate,
    CORE_PEER_TLS_CLIENTKEY_FILE: tls.key,
  };
}
