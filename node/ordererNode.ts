import { availableParallelism } from 'node:os';
import type { OrdererSettings } from '#config/fabric/ordererSettings.ts';
import { trackExpiry } from './certificateExpiry.ts';
import { startVerificationThreads } from './crypto/verify.ts';
import { DeliverService } from './deliver/deliverService.ts';
import { ordererDeliver } from './deliver/ordererDeliver.ts';
import type { GrpcServer } from './grpc/grpcServer.ts';
import type { GrpcService } from './grpc/service.ts';
import { checkServerTls } from './grpc/tlsMaterial.ts';
import { readMspFolder, readSigner } from './msp/mspFolder.ts';
import { X509Msp } from './msp/x509Msp.ts';
import {
  clientRoots,
  type NodeLog,
  operationsOptions,
  ownCertificates,
  runBackwards,
  serve,
  tracingOptions,
} from './nodeParts.ts';
import type { LoggerLevels } from './operations/loggerLevels.ts';
import { ordererNodeMetrics } from './operations/nodeMetrics.ts';
import { NodeOperations } from './operations/nodeOperations.ts';
import { NODE_RELEASE } from './nodeRelease.ts';
import { Orderer } from './orderer/orderer.ts';
import { openTracing } from './tracing/tracing.ts';

export interface OrdererNodeModules {
  /** Writes all that it is given. */
  readonly log: NodeLog;
  /** What is logged, until `/logspec` says otherwise; by default all at info. */
  readonly levels?: LoggerLevels;
}

/** How long calls that are under way may take when the orderer stops. */
const GRACE_MS = 3000;

/** An ordering node: everything of `node/` that makes one, wired by hand. Stopped in reverse order of its start. */
export class OrdererNode implements AsyncDisposable {
  readonly orderer: Orderer;
  readonly operations: NodeOperations;
  readonly #server: GrpcServer;
  readonly #cleanUp: (() => unknown)[];
  readonly #log: NodeLog;
  #stopping: Promise<void> | null = null;

  private constructor(
    parts: { readonly orderer: Orderer; readonly operations: NodeOperations; readonly server: GrpcServer },
    cleanUp: (() => unknown)[],
    log: NodeLog,
  ) {
    this.orderer = parts.orderer;
    this.operations = parts.operations;
    this.#server = parts.server;
    this.#cleanUp = cleanUp;
    this.#log = log;
  }

  /** @throws GrpcServerError, MspError, OrdererError, errors of the stores */
  static async start(settings: OrdererSettings, modules: OrdererNodeModules): Promise<OrdererNode> {
    const cleanUp: (() => unknown)[] = [];
    const { tls, admin } = settings;
    try {
      if (tls !== null) {
        checkServerTls(tls);
      }
      if (admin !== null && admin.tls !== null) {
        checkServerTls(admin.tls, 'admin TLS');
      }
      const localMsp = new X509Msp(readMspFolder(settings.mspConfigPath, settings.localMspId), '3.0');
      const signer = readSigner(settings.mspConfigPath, settings.localMspId);
      localMsp.deserializeIdentity(signer.identity).validate(new Date());
      const operations = await NodeOperations.start(operationsOptions(settings.operations, settings.ledgerPath), {
        sink: modules.log,
        ...(modules.levels === undefined ? {} : { levels: modules.levels }),
      });
      cleanUp.push(() => operations.stop());
      const metrics = ordererNodeMetrics(operations.registry);
      const log = operations.logs.named('orderer.common.server');
      const tracing = openTracing(tracingOptions(settings.tracing, 'fabric-orderer', settings.ledgerPath), { signer });
      cleanUp.push(() => tracing.close());
      const { tracer } = tracing;
      operations.traces(() => tracing.writer?.statistics ?? null);
      cleanUp.push(startVerificationThreads(availableParallelism()));
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
      const certificates = ownCertificates(signer, {
        'server TLS': tls,
        'admin TLS': admin?.tls,
        'operations TLS': settings.operations.tls,
      });
      operations.certificates.track(certificates);
      cleanUp.push(trackExpiry(certificates, log));
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
      return new OrdererNode({ orderer, operations, server: serving }, cleanUp, modules.log);
    } catch (error) {
      await runBackwards(cleanUp, modules.log);
      throw error;
    }
  }

  /** `host:port` that it listens on. */
  get address(): string {
    return this.#server.address;
  }

  /** May be called again. */
  stop(): Promise<void> {
    this.#stopping ??= runBackwards(this.#cleanUp, this.#log);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function bundlesOf({ registrar }: Orderer) {
  return registrar.list().flatMap((channelId) => registrar.chain(channelId)?.bundle ?? []);
}
