import { join } from 'node:path';
import type { OperationsSettings } from '#config/fabric/operationsSettings.ts';
import type { TlsSettings } from '#config/fabric/peerSettings.ts';
import type { TracingSettings } from '#config/fabric/tracingSettings.ts';
import type { TrackedCertificate } from './certificateExpiry.ts';
import type { ChannelBundle } from './channel/bundle.ts';
import type { Signer } from './crypto/sign.ts';
import type { GrpcMetrics } from './grpc/grpcMetrics.ts';
import { GrpcServer } from './grpc/grpcServer.ts';
import { healthService } from './grpc/health.ts';
import type { GrpcService } from './grpc/service.ts';
import type { ServerTls } from './grpc/tlsMaterial.ts';
import { NODE_COMMIT, NODE_RELEASE } from './nodeRelease.ts';
import type { LogSink } from './operations/nodeLogs.ts';
import type { NodeOperationsOptions } from './operations/nodeOperations.ts';
import type { TracingOptions } from './tracing/tracing.ts';

/** Where a node tells its operator what it does; a pino logger is one. */
export type NodeLog = LogSink;

/** @param folder of the node's ledgers */
export function operationsOptions(operations: OperationsSettings, folder: string): NodeOperationsOptions {
  return { ...operations, version: NODE_RELEASE, commit: NODE_COMMIT, folder };
}

/** What peers and orderers make of their settings in the same way. */
export function tracingOptions(
  tracing: TracingSettings,
  serviceType: 'fabric-peer' | 'fabric-orderer',
  folder: string,
): TracingOptions {
  if (!tracing.enabled) {
    return { enabled: false };
  }
  const { file } = tracing;
  return {
    enabled: true,
    serviceType,
    destination:
      file === null
        ? { kind: 'stdout', stateFile: join(folder, 'ftlTracing.json') }
        : { kind: 'file', path: file.path, maxBytes: file.maxBytes, maxFiles: file.maxFiles },
    ...(tracing.seal ? { seal: {} } : {}),
  };
}

/** Certificates whose end the node's operator is to hear of: its identity's, and those that it shows others by what they are for. */
export function ownCertificates(
  signer: Signer,
  shown: Readonly<Record<string, { readonly certificate: Uint8Array } | null | undefined>>,
): readonly TrackedCertificate[] {
  const certificates = Object.entries(shown).flatMap(([role, tls]) =>
    tls === null || tls === undefined ? [] : [{ role, certificate: tls.certificate }],
  );
  return [{ role: 'enrollment', certificate: signer.certificate.pem }, ...certificates];
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
