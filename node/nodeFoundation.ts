import { join } from 'node:path';
import type { OperationsSettings } from '#config/fabric/operationsSettings.ts';
import type { TracingSettings } from '#config/fabric/tracingSettings.ts';
import type { Signer } from './crypto/sign.ts';
import { startVerificationThreads } from './crypto/verify.ts';
import { readMspFolder, readSigner } from './msp/mspFolder.ts';
import { X509Msp } from './msp/x509Msp.ts';
import type { NodeModules } from './nodeParts.ts';
import { NODE_COMMIT, NODE_RELEASE } from './nodeRelease.ts';
import { NodeOperations } from './operations/nodeOperations.ts';
import type { Tracer } from './tracing/tracer.ts';
import { openTracing, type TracingOptions } from './tracing/tracing.ts';

/** What the settings of peers and orderers say in the same way. */
export interface FoundationSettings {
  readonly mspConfigPath: string;
  readonly localMspId: string;
  readonly operations: OperationsSettings;
  readonly tracing: TracingSettings;
}

export interface FoundationOptions {
  readonly serviceType: 'fabric-peer' | 'fabric-orderer';
  /** Of the node's ledgers. */
  readonly folder: string;
  readonly verificationThreads: number;
}

export interface Foundation {
  readonly localMsp: X509Msp;
  readonly signer: Signer;
  readonly operations: NodeOperations;
  readonly tracer: Tracer;
}

/**
 * What a node of either kind stands on, first of all that it starts: its identity, which has to be a valid one, its operations
 * service, its records, and the threads that check signatures.
 * @param cleanUp is given what ends them
 * @throws MspError, GrpcServerError where the operations service cannot listen, what the file system says of the records' place
 */
export async function layFoundation(
  settings: FoundationSettings,
  options: FoundationOptions,
  { log, levels }: NodeModules,
  cleanUp: (() => unknown)[],
): Promise<Foundation> {
  const { mspConfigPath, localMspId } = settings;
  const localMsp = new X509Msp(readMspFolder(mspConfigPath, localMspId), '3.0');
  const signer = readSigner(mspConfigPath, localMspId);
  localMsp.deserializeIdentity(signer.identity).validate(new Date());
  const operations = await NodeOperations.start(
    { ...settings.operations, version: NODE_RELEASE, commit: NODE_COMMIT, folder: options.folder },
    { sink: log, ...(levels === undefined ? {} : { levels }) },
  );
  cleanUp.push(() => operations.stop());
  const tracing = openTracing(tracingOptions(settings.tracing, options), { signer });
  cleanUp.push(() => tracing.close());
  operations.traces(() => tracing.writer?.statistics ?? null);
  cleanUp.push(startVerificationThreads(options.verificationThreads));
  return { localMsp, signer, operations, tracer: tracing.tracer };
}

function tracingOptions(tracing: TracingSettings, { serviceType, folder }: FoundationOptions): TracingOptions {
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
