import { availableParallelism } from 'node:os';
import type { OrdererSettings } from '#config/fabric/ordererSettings.ts';
import { DeliverService } from './deliver/deliverService.ts';
import { ordererDeliver } from './deliver/ordererDeliver.ts';
import type { GrpcServer } from './grpc/grpcServer.ts';
import type { GrpcService } from './grpc/service.ts';
import { checkServerTls } from './grpc/tlsMaterial.ts';
import { layFoundation } from './nodeFoundation.ts';
import { clientRoots, GRACE_MS, type NodeModules, runBackwards, serve, watchCertificates } from './nodeParts.ts';
import { ordererNodeMetrics } from './operations/nodeMetrics.ts';
import type { NodeOperations } from './operations/nodeOperations.ts';
import { NODE_RELEASE } from './nodeRelease.ts';
import { Orderer } from './orderer/orderer.ts';
import { RunningNode } from './runningNode.ts';

/** An ordering node: everything of `node/` that makes one, wired by hand. Stopped in reverse order of its start. */
export class OrdererNode extends RunningNode {
  readonly orderer: Orderer;

  private constructor(
    parts: { readonly orderer: Orderer; readonly operations: NodeOperations; readonly server: GrpcServer },
    stop: () => Promise<void>,
  ) {
    super(parts, stop);
    this.orderer = parts.orderer;
  }

  /** @throws GrpcServerError, MspError, OrdererError, errors of the stores */
  static async start(settings: OrdererSettings, modules: NodeModules): Promise<OrdererNode> {
    const cleanUp: (() => unknown)[] = [];
    const { tls, admin } = settings;
    try {
      if (tls !== null) {
        checkServerTls(tls);
      }
      if (admin !== null && admin.tls !== null) {
        checkServerTls(admin.tls, 'admin TLS');
      }
      const { signer, operations, tracer } = await layFoundation(
        settings,
        {
          serviceType: 'fabric-orderer',
          folder: settings.ledgerPath,
          verificationThreads: availableParallelism(),
        },
        modules,
        cleanUp,
      );
      const metrics = ordererNodeMetrics(operations.registry);
      const log = operations.logs.named('orderer.common.server');
      let server: GrpcServer | null = null;
      const trust = (): void => server?.updateClientRoots(clientRoots(tls, bundlesOf(orderer)));
      const chainLog = operations.logs.named('orderer.common.multichannel');
      const orderer = await Orderer.open(
        {
          folder: settings.ledgerPath,
          pendingFolder: settings.pendingPath,
          serverCertificate: tls?.certificate ?? null,
          broadcast: { pipeline: 32, throttling: settings.throttling },
          checkExpiration: settings.expirationChecks,
          participation:
            admin === null ? null : { enabled: true, maxRequestBodySize: settings.maxRequestBodySize, ...admin },
        },
        {
          signer,
          tracer,
          registry: operations.registry,
          warn: (message, error) => chainLog.warn({ err: error }, message),
          onConfig: () => trust(),
        },
      );
      cleanUp.push(() => orderer.close());
      operations.health.register('channels', () => orderer.registrar.failures());
      const deliverLog = operations.logs.named('common.deliver');
      const deliver = new DeliverService(
        {
          timeWindowMs: settings.timeWindowMs,
          mutualTls: tls?.clientAuthRequired ?? false,
          expirationCheck: settings.expirationChecks,
        },
        {
          chains: orderer.registrar,
          tracer,
          metrics: metrics.deliver,
          onRefused: (address, channel, reason) => deliverLog.warn({ address, channel }, `delivery refused: ${reason}`),
        },
      );
      const services: readonly GrpcService[] = [
        {
          name: 'orderer.AtomicBroadcast',
          methods: { Broadcast: orderer.broadcast, Deliver: ordererDeliver(deliver) },
        },
        ...orderer.services,
      ];
      server = await serve(settings, services, metrics.grpc);
      const serving = server;
      cleanUp.push(() => serving.stop(GRACE_MS));
      trust();
      const shown = { 'server TLS': tls, 'admin TLS': admin?.tls, 'operations TLS': settings.operations.tls };
      cleanUp.push(watchCertificates(signer, shown, { operations, log }));
      tracer.nodeStart(NODE_RELEASE, serving.address);
      log.info(
        {
          address: serving.address,
          admin: orderer.participation?.address ?? null,
          operations: operations.address,
          msp: settings.localMspId,
          channels: orderer.registrar.list(),
        },
        'orderer is ready',
      );
      return new OrdererNode({ orderer, operations, server: serving }, () => runBackwards(cleanUp, modules.log));
    } catch (error) {
      await runBackwards(cleanUp, modules.log);
      throw error;
    }
  }
}

function bundlesOf({ registrar }: Orderer) {
  return registrar.list().flatMap((channelId) => registrar.chain(channelId)?.bundle ?? []);
}
