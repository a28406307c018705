import type { TlsSettings } from '#config/fabric/peerSettings.ts';
import { trackExpiry } from './certificateExpiry.ts';
import type { ChannelBundle } from './channel/bundle.ts';
import type { Signer } from './crypto/sign.ts';
import type { GrpcMetrics } from './grpc/grpcMetrics.ts';
import { GrpcServer } from './grpc/grpcServer.ts';
import { healthService } from './grpc/health.ts';
import type { GrpcService } from './grpc/service.ts';
import type { ServerTls } from './grpc/tlsMaterial.ts';
import type { LoggerLevels } from './operations/loggerLevels.ts';
import type { LogSink } from './operations/nodeLogs.ts';
import type { NodeOperations } from './operations/nodeOperations.ts';

/** Where a node tells its operator what it does; a pino logger is one. */
export type NodeLog = LogSink;

export interface NodeModules {
  /** Writes all that it is given. */
  readonly log: NodeLog;
  /** What is logged, until `/logspec` says otherwise; by default all at info. */
  readonly levels?: LoggerLevels;
}

/** How long calls that are under way may take when the node stops. */
export const GRACE_MS = 3000;

/**
 * The node's operator hears of the end of its certificates: of its identity's, and of those that it shows others by what they are for.
 * @returns ends it
 */
export function watchCertificates(
  signer: Signer,
  shown: Readonly<Record<string, { readonly certificate: Uint8Array } | null | undefined>>,
  { operations, log }: { readonly operations: NodeOperations; readonly log: NodeLog },
): () => void {
  const certificates = Object.entries(shown).flatMap(([role, tls]) =>
    tls === null || tls === undefined ? [] : [{ role, certificate: tls.certificate }],
  );
  const own = [{ role: 'enrollment', certificate: signer.certificate.pem }, ...certificates];
  operations.certificates.track(own);
  return trackExpiry(own, log);
}

function serverTls(tls: TlsSettings | null): ServerTls | null {
  return tls === null
    ? null
    : {
        certificate: tls.certificate,
        key: tls.key,
        clientRoots: tls.clientRoots,
        requireClientCertificate: tls.clientAuthRequired,
      };
}

/** Roots of TLS clients: the node's own, and those of the organisations of its channels, which come and go (Fabric, `updateTrustedRoots`). */
export function clientRoots(
  tls: TlsSettings | null,
  bundles: Iterable<ChannelBundle>,
): readonly (string | Uint8Array)[] {
  const roots = new Set<string>((tls?.clientRoots ?? []).map((pem) => Buffer.from(pem).toString()));
  for (const { mspManager } of bundles) {
    for (const msp of mspManager.msps) {
      for (const { pem } of [...msp.tlsRoots, ...msp.tlsIntermediates]) {
        roots.add(pem);
      }
    }
  }
  return [...roots];
}

/** What both kinds of node say of their gRPC server. */
export interface ServingSettings {
  readonly listenAddress: string;
  readonly tls: TlsSettings | null;
  readonly connectionTimeoutMs: number;
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  readonly keepalive: { readonly intervalMs: number; readonly timeoutMs: number; readonly minIntervalMs: number };
}

/** Serves a node's services, and beside them the health service that names them. @throws GrpcServerError */
export function serve(
  settings: ServingSettings,
  services: readonly GrpcService[],
  metrics: GrpcMetrics,
): Promise<GrpcServer> {
  const { listenAddress: address, connectionTimeoutMs, maxReceiveBytes, maxSendBytes, keepalive } = settings;
  const names = services.map(({ name }) => name);
  return GrpcServer.listen(
    { address, tls: serverTls(settings.tls), connectionTimeoutMs, maxReceiveBytes, maxSendBytes, keepalive },
    [...services, healthService(names, () => true)],
    { metrics },
  );
}

/** In reverse order of the start; what fails to stop does not keep the rest from stopping. */
export async function runBackwards(cleanUp: (() => unknown)[], log: NodeLog): Promise<void> {
  for (const stop of cleanUp.splice(0).toReversed()) {
    try {
      await stop();
    } catch (error) {
      log.error({ err: error }, 'a part of the node did not stop as it should');
    }
  }
}
