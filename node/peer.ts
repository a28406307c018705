import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { PeerSettings } from '#config/fabric/peerSettings.ts';
import { ChaincodeRuntime } from './chaincode/chaincodeRuntime.ts';
import { DiskPackageStore } from './chaincode/packages/diskPackageStore.ts';
import { sha256 } from './crypto/hash.ts';
import { BlocksProvider } from './deliver/blocksProvider.ts';
import { NO_BLOCKS } from './deliver/blockSource.ts';
import { DeliverService } from './deliver/deliverService.ts';
import type { OrdererEndpoint } from './deliver/ordererEndpoints.ts';
import { peerDeliver } from './deliver/peerDeliver.ts';
import { ProposalChaincodeCaller } from './endorser/chaincodeCaller.ts';
import { loadEndorsementPlugins, loadValidationPlugins } from './endorser/pluginLibraries.ts';
import { Endorser } from './endorser/processProposal.ts';
import { Cscc } from './endorser/system/cscc.ts';
import { Qscc } from './endorser/system/qscc.ts';
import { SystemChaincodes } from './endorser/systemChaincodes.ts';
import { ConfiguredMembership } from './gossip/membership.ts';
import { connect } from './grpc/grpcClient.ts';
import { connectForStreams } from './grpc/streamConnection.ts';
import { GrpcServer } from './grpc/grpcServer.ts';
import type { GrpcService } from './grpc/service.ts';
import { checkKeyPair, checkServerTls } from './grpc/tlsMaterial.ts';
import { ChaincodeDefinitionCache } from './lifecycle/chaincodeDefinitionCache.ts';
import { InstalledPackages } from './lifecycle/installedPackages.ts';
import { LifecycleChaincode } from './lifecycle/lifecycleChaincode.ts';
import { layFoundation } from './nodeFoundation.ts';
import { clientRoots, GRACE_MS, type NodeModules, runBackwards, serve, watchCertificates } from './nodeParts.ts';
import { NODE_RELEASE } from './nodeRelease.ts';
import { peerMetrics } from './operations/nodeMetrics.ts';
import type { NodeOperations } from './operations/nodeOperations.ts';
import { AccessControl } from './peer/accessControl.ts';
import { ChannelHealth } from './peer/channelHealth.ts';
import { JoinedChannels } from './peer/joinedChannels.ts';
import { LedgerFolders } from './peer/ledgerFolders.ts';
import { snapshotService } from './peer/snapshotService.ts';
import { RunningNode } from './runningNode.ts';

/** Where Fabric's peers listen for chaincode unless they are told otherwise. */
const CHAINCODE_PORT = 7052;

/**
 * A peer: everything of `node/` that makes one, wired by hand.
 *
 * Started from the ground up: identity, tracing, packages, channels with their ledgers, chaincode, services; then the servers, and last
 * the blocks. Stopped the other way round, so that nothing is asked of a part that has gone.
 */
export class Peer extends RunningNode {
  readonly channels: JoinedChannels;

  private constructor(parts: PeerParts, stop: () => Promise<void>) {
    super(parts, stop);
    this.channels = parts.channels;
  }

  /** @throws GrpcServerError, MspError, EndorserError, errors of the stores */
  static async start(settings: PeerSettings, modules: NodeModules): Promise<Peer> {
    const cleanUp: (() => unknown)[] = [];
    try {
      const parts = await startParts(settings, modules, cleanUp);
      return new Peer(parts, () => runBackwards(cleanUp, modules.log));
    } catch (error) {
      await runBackwards(cleanUp, modules.log);
      throw error;
    }
  }
}

interface PeerParts {
  readonly channels: JoinedChannels;
  readonly operations: NodeOperations;
  readonly server: GrpcServer;
}

async function startParts(
  settings: PeerSettings,
  modules: NodeModules,
  cleanUp: (() => unknown)[],
): Promise<PeerParts> {
  const { localMspId: mspId, clientTls } = settings;
  if (settings.tls !== null) {
    checkServerTls(settings.tls);
  }
  if (clientTls !== null) {
    checkKeyPair(clientTls.certificate, clientTls.key, 'TLS client');
  }
  const { localMsp, signer, operations, tracer } = await layFoundation(
    settings,
    {
      serviceType: 'fabric-peer',
      folder: settings.fileSystemPath,
      verificationThreads: settings.validatorPoolSize ?? availableParallelism(),
    },
    modules,
    cleanUp,
  );
  const metrics = peerMetrics(operations.registry);
  const log = operations.logs.named('nodeCmd');
  const ledgerLog = operations.logs.named('kvledger');
  const deliveryLog = operations.logs.named('peer.blocksprovider');

  const folders = new LedgerFolders(settings.fileSystemPath, settings.snapshotsPath);
  folders.make();
  const here = process.cwd();
  const endorsementPlugins = await loadEndorsementPlugins(settings.endorsementPlugins, here);
  const validationPlugins = await loadValidationPlugins(settings.validationPlugins, here);
  const access = new AccessControl({ localMsp });
  const store = await DiskPackageStore.open({ folder: join(settings.fileSystemPath, 'lifecycle', 'chaincodes') });

  const membership = new ConfiguredMembership(
    { mspId, endpoint: settings.address },
    { bundle: (channelId) => channels.channel(channelId)?.bundle ?? null },
  );
  let server: GrpcServer | null = null;
  const trust = (): void => server?.updateClientRoots(clientRoots(settings.tls, bundlesOf(channels)));
  const health = new ChannelHealth();
  operations.health.register('channels', () => health.check());
  const channels = await JoinedChannels.open(
    {
      folders,
      mspId,
      state: settings.state,
      history: settings.history,
      transientRetention: settings.transientRetention,
    },
    {
      tracer,
      validationPlugins,
      sources: (chain) => {
        const leads = membership.leads(chain.channelId);
        metrics.state.leads(chain.channelId, leads);
        // What another peer pulls comes by gossip, which is not there yet.
        return leads
          ? new BlocksProvider(deliveryOptions(settings), {
              chain,
              signer,
              tracer,
              connect: (endpoint) => connectToOrderer(endpoint, settings),
              onEvent: (event) => deliveryLog.info({ channel: chain.channelId, ...event }, `orderer ${event.kind}`),
            })
          : NO_BLOCKS;
      },
      onOpen: (channel) => {
        trust();
        health.opened(channel);
        metrics.blocks.height(channel.channelId, channel.height);
        metrics.state.height(channel.channelId, channel.height);
        if (channel.joinedBy !== null) {
          metrics.commit.committed(channel.joinedBy);
        }
        channel.onCommit((block) => {
          metrics.commit.committed(block);
          metrics.state.committed(block);
          ledgerLog.info(
            { channel: block.channelId, block: block.number, transactions: block.transactions.length },
            'committed',
          );
          if (block.isConfig) {
            trust();
          }
        });
      },
      onRecovery: (channel, { block, height }) => ledgerLog.info({ channel, block, height }, 'databases catch up'),
      onFailure: (channel, error) => {
        health.failed(channel, error);
        ledgerLog.error({ channel, err: error }, 'channel cannot go on');
      },
      onSnapshot: (channel, block, error) =>
        error === null || error === undefined
          ? ledgerLog.info({ channel, block }, 'snapshot made')
          : ledgerLog.error({ channel, block, err: error }, 'snapshot failed'),
    },
  );
  cleanUp.push(() => channels.close());
  health.allOpen();

  // The runtime, what calls it from within a chaincode, and the packages' builder know each other.
  let chaincodeAddress = '';
  const caller = new ProposalChaincodeCaller({
    channels,
    access,
    tracer,
    chaincodes: () => runtime,
    get systemChaincodes() {
      return systemChaincodes;
    },
    get definitions() {
      return definitions;
    },
  });
  const runtime = new ChaincodeRuntime(
    {
      ...settings.chaincode,
      totalQueryLimit: settings.totalQueryLimit,
      buildsFolder: join(settings.fileSystemPath, 'externalbuilder', 'builds'),
      peerAddress: () => chaincodeAddress,
      mspId,
      environment: settings.environment,
      tls: settings.tls !== null,
    },
    {
      packages: store,
      caller,
      channels,
      connect: connectForStreams,
      log: operations.logs.named('chaincode'),
      metrics: metrics.chaincode,
    },
  );
  cleanUp.push(() => runtime.stop());
  const packages = await InstalledPackages.open({ store, builder: runtime.builder });
  const userRunsChaincode = settings.chaincode.devMode;
  const definitions = new ChaincodeDefinitionCache({ mspId, userRunsChaincode }, { channels, packages });
  const systemChaincodes = new SystemChaincodes([
    new Cscc({ channels, access }),
    new Qscc({ channels, access }),
    new LifecycleChaincode({ mspId }, { channels, access, packages, definitions }),
  ]);
  const endorser = new Endorser(
    {
      authFilters: { timeWindowMs: settings.timeWindowMs },
      maxConcurrency: settings.concurrency.endorser,
      plugins: endorsementPlugins,
      implicitCollections: { mspId, ...settings.implicitCollections },
    },
    {
      channels,
      localMsp,
      access,
      signer,
      systemChaincodes,
      definitions,
      chaincodes: runtime,
      tracer,
      metrics: metrics.endorser,
    },
  );
  const deliverLog = operations.logs.named('common.deliver');
  const deliver = new DeliverService(
    { timeWindowMs: settings.timeWindowMs, mutualTls: settings.tls?.clientAuthRequired ?? false },
    {
      chains: channels,
      tracer,
      metrics: metrics.deliver,
      onRefused: (address, channel, reason) => deliverLog.warn({ address, channel }, `delivery refused: ${reason}`),
    },
  );
  const services: readonly GrpcService[] = [
    endorser.service,
    {
      ...peerDeliver(deliver, { access, ledger: (channelId) => channels.channel(channelId)?.ledger ?? null }),
      maxConcurrency: settings.concurrency.deliver,
    },
    snapshotService({ access, channels }),
  ];

  const listener = await GrpcServer.listen(
    {
      address: chaincodeListenAddress(settings),
      tls: runtime.listenerTls([
        hostOf(settings.chaincodeAddress ?? chaincodeListenAddress(settings)),
        'localhost',
        '127.0.0.1',
      ]),
    },
    [runtime.listener],
  );
  cleanUp.push(() => listener.stop(GRACE_MS));
  chaincodeAddress = reachable(settings.chaincodeAddress ?? listener.address, listener.port);
  server = await serve(settings, services, metrics.grpc);
  const serving = server;
  trust();
  cleanUp.push(() => serving.stop(GRACE_MS));
  const shown = {
    'server TLS': settings.tls,
    'client TLS': clientTls?.certificate === settings.tls?.certificate ? null : clientTls,
    'operations TLS': settings.operations.tls,
  };
  cleanUp.push(watchCertificates(signer, shown, { operations, log }));
  tracer.nodeStart(NODE_RELEASE, reachable(settings.address, serving.port));
  channels.start();
  log.info(
    {
      address: serving.address,
      chaincode: listener.address,
      operations: operations.address,
      msp: mspId,
      channels: channels.list(),
    },
    `peer ${settings.id} is ready`,
  );
  return { channels, operations, server: serving };
}

function deliveryOptions(settings: PeerSettings) {
  const { delivery } = settings;
  return {
    ...delivery,
    overrides: new Map(delivery.overrides.map(({ from, to, tlsRoots }) => [from, { address: to, tlsRoots }])),
    ...(settings.clientTls === null ? {} : { tlsCertHash: certificateHash(settings.clientTls.certificate) }),
  };
}

function certificateHash(pem: Uint8Array): Uint8Array {
  const [, base64 = ''] = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(Buffer.from(pem).toString()) ?? [];
  return sha256(Buffer.from(base64, 'base64'));
}

function connectToOrderer({ address, tlsRoots }: OrdererEndpoint, settings: PeerSettings) {
  const { keepalive } = settings.delivery;
  return connect({
    address,
    keepalive,
    maxMessageBytes: settings.maxReceiveBytes,
    tlsRoots: settings.tls === null ? null : tlsRoots,
    ...(settings.clientTls === null ? {} : { clientCertificate: settings.clientTls }),
  });
}

function bundlesOf(channels: JoinedChannels) {
  return channels.list().flatMap((channelId) => channels.channel(channelId)?.bundle ?? []);
}

function chaincodeListenAddress({ chaincodeListenAddress: given, listenAddress }: PeerSettings): string {
  return given ?? `${hostOf(listenAddress)}:${CHAINCODE_PORT}`;
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

/** Where chaincode on this machine finds an address: nobody connects to 0.0.0.0, or to port 0. */
function reachable(address: string, port: number): string {
  const host = hostOf(address);
  const named = address.slice(host.length + 1);
  return `${host === '' || host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host}:${named === '0' ? port : named}`;
}
