import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectOptions } from '#node/grpc/client.ts';
import type { GrpcService } from '#node/grpc/service.ts';
import type { StreamClient } from '#node/grpc/streamConnection.ts';
import type { ServerTls } from '#node/grpc/tlsMaterial.ts';
import { ChaincodeError, messageOf } from './chaincodeError.ts';
import { type ChaincodeLog, NO_LOG } from './chaincodeLog.ts';
import { type ChaincodeMetrics, NO_CHAINCODE_METRICS } from './chaincodeMetrics.ts';
import { CHAINCODE_DEFAULTS, type ChaincodeRuntimeOptions, type ResolvedOptions } from './chaincodeOptions.ts';
import type {
  ChaincodeCaller,
  ChaincodeInvocation,
  ChaincodeResult,
  ChaincodeSupport,
  PackageBuilder,
  PackageStore,
} from './chaincodeSupport.ts';
import { ChaincodeBuilds } from './launch/chaincodeBuilds.ts';
import { ChaincodeCertificates } from './launch/chaincodeCertificates.ts';
import { type BegunChaincode, ChaincodeStarter } from './launch/chaincodeStarter.ts';
import { RestartDelay } from './launch/restartDelay.ts';
import { chaincodeListener } from './listener.ts';
import type { ChaincodeChannels } from './shim/requestContext.ts';
import { ShimStream } from './shim/shimStream.ts';
import type { ShimTransport } from './shim/shimTransport.ts';
import { unlessAborted } from './unlessAborted.ts';

export interface ChaincodeRuntimeModules {
  readonly packages: PackageStore;
  readonly caller: ChaincodeCaller;
  /** `PeerChannels` is one. */
  readonly channels: ChaincodeChannels;
  /** Makes a connection to a chaincode that runs as a service. */
  readonly connect: (options: ConnectOptions) => StreamClient;
  readonly log?: ChaincodeLog;
  readonly metrics?: ChaincodeMetrics;
}

/** A chaincode that was asked for and has not registered yet. */
interface Launch {
  readonly registered: PromiseWithResolvers<ShimStream>;
  readonly stream: Promise<ShimStream>;
}

/**
 * Runs chaincode: finds the stream of the chaincode that a transaction is for, or starts the chaincode and waits for it to register.
 *
 * ```
 * execute ─ running? ──────────────────────────────────────────────────▶ shim/shimStream.ts
 *     └ launch, one for all who wait                                      ▲
 *         build what is not built              launch/chaincodeBuilds.ts  │
 *         a service: connect to it             launch/chaincodeStarter.ts │
 *         a program: start it, it connects     listener.ts                │
 *         it registers ───────────────────────────────────────────────────┘
 * ```
 *
 * A chaincode whose stream ends is ended with it, and started again by the next transaction.
 */
export class ChaincodeRuntime implements ChaincodeSupport {
  /** Builds when a package is installed. */
  readonly builder: PackageBuilder;
  readonly #options: ResolvedOptions;
  readonly #modules: ChaincodeRuntimeModules;
  readonly #starter: ChaincodeStarter;
  readonly #certificates: ChaincodeCertificates | null;
  readonly #log: ChaincodeLog;
  readonly #metrics: ChaincodeMetrics;
  readonly #streams = new Map<string, ShimStream>();
  readonly #launches = new Map<string, Launch>();
  readonly #delays = new Map<string, RestartDelay>();
  /** Until they are gone. */
  readonly #begun = new Set<BegunChaincode>();
  readonly #stopped = new AbortController();

  constructor(options: ChaincodeRuntimeOptions, modules: ChaincodeRuntimeModules) {
    this.#options = { ...CHAINCODE_DEFAULTS, ...options };
    this.#modules = modules;
    this.#log = modules.log ?? NO_LOG;
    this.#metrics = modules.metrics ?? NO_CHAINCODE_METRICS;
    const { buildsFolder: folder, devMode, installTimeoutMs, tls } = this.#options;
    // Nobody gives a certificate to chaincode that a developer starts by hand.
    this.#certificates = tls && !devMode ? new ChaincodeCertificates() : null;
    const builds = new ChaincodeBuilds({ ...this.#options, folder }, { packages: modules.packages });
    this.#starter = new ChaincodeStarter(this.#options, {
      builds,
      certificates: this.#certificates,
      connect: modules.connect,
      accept: (transport, packageId) => this.#accept(transport, packageId),
      log: this.#log,
    });
    this.builder = {
      build: async (packageId) => {
        const timeout = AbortSignal.timeout(installTimeoutMs);
        await builds.launchable(packageId, AbortSignal.any([timeout, this.#stopped.signal]));
      },
    };
  }

  /** To be served where `peerAddress` points to, with `listenerTls`. */
  get listener(): GrpcService {
    const certificates = this.#certificates;
    return chaincodeListener({
      accept: (transport, packageId) => this.#accept(transport, packageId),
      packageIdOf: certificates === null ? null : (hash) => certificates.packageIdOf(hash),
    });
  }

  /**
   * What the listener proves itself with, and whom it lets in: chaincode that the peer started. Null where chaincode comes without TLS.
   * @param names host names and addresses under which chaincode reaches it
   */
  listenerTls(names: readonly string[]): ServerTls | null {
    const certificates = this.#certificates;
    return certificates === null
      ? null
      : { ...certificates.server(names), clientRoots: [certificates.root], requireClientCertificate: true };
  }

  async execute(invocation: ChaincodeInvocation): Promise<ChaincodeResult> {
    try {
      const stream = await this.#streamOf(invocation.packageId, invocation.signal);
      return await stream.execute(invocation, this.#options.executeTimeoutMs);
    } catch (error) {
      if (error instanceof ChaincodeError && error.code === 'timeout') {
        this.#metrics.executeTimedOut(invocation.packageId);
      }
      throw error;
    }
  }

  /** Ends every stream, and every chaincode that the peer started. Resolves when they are gone. */
  async stop(): Promise<void> {
    const reason = new ChaincodeError('stopped', 'the peer is shutting down');
    this.#stopped.abort(reason);
    for (const stream of this.#streams.values()) {
      stream.close(reason);
    }
    await Promise.allSettled(Array.from(this.#launches.values(), ({ stream }) => stream));
    await Promise.allSettled(Array.from(this.#begun, (begun) => begun.end()));
  }

  #streamOf(packageId: string, signal: AbortSignal): Promise<ShimStream> {
    const stream = this.#streams.get(packageId);
    if (stream?.isReady === true) {
      return Promise.resolve(stream);
    }
    let launch = this.#launches.get(packageId);
    if (launch === undefined) {
      if (this.#stopped.signal.aborted) {
        return Promise.reject(this.#stopped.signal.reason as ChaincodeError);
      }
      launch = this.#launch(packageId);
    }
    return unlessAborted(launch.stream, signal);
  }

  #launch(packageId: string): Launch {
    const registered = Promise.withResolvers<ShimStream>();
    registered.promise.catch(() => {});
    const launch = { registered, stream: this.#timed(packageId, this.#bringUp(packageId, registered)) };
    this.#launches.set(packageId, launch);
    launch.stream.catch(() => {}).finally(() => this.#launches.delete(packageId));
    return launch;
  }

  async #timed(packageId: string, launching: Promise<ShimStream>): Promise<ShimStream> {
    const startedAt = performance.now();
    const launched = (success: boolean): void =>
      this.#metrics.launched(packageId, success, (performance.now() - startedAt) / 1000);
    try {
      const stream = await launching;
      launched(true);
      this.#delayOf(packageId).ready();
      return stream;
    } catch (cause) {
      launched(false);
      this.#delayOf(packageId).ended();
      this.#log.warn({ chaincode: packageId, error: messageOf(cause) }, 'chaincode could not be launched');
      const code = cause instanceof ChaincodeError ? cause.code : 'launch_failed';
      throw new ChaincodeError(code, `could not launch chaincode ${packageId}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Resolves with the stream once the chaincode is ready; what was begun is ended when it does not get there. */
  async #bringUp(packageId: string, registered: PromiseWithResolvers<ShimStream>): Promise<ShimStream> {
    const { startupTimeoutMs, devMode } = this.#options;
    const timeout = AbortSignal.timeout(startupTimeoutMs);
    const signal = AbortSignal.any([timeout, this.#stopped.signal]);
    if (devMode && !PACKAGE_ID.test(packageId)) {
      throw new ChaincodeError('launch_failed', 'it has not registered: in development mode it is started by hand');
    }
    let begun: BegunChaincode | null = null;
    try {
      const { delayMs } = this.#delayOf(packageId);
      if (delayMs > 0) {
        await sleep(delayMs, undefined, { signal });
      }
      begun = await this.#starter.begin(packageId, signal);
      this.#keep(begun, registered);
      return await unlessAborted(registered.promise, signal);
    } catch (error) {
      await begun?.end();
      if (this.#stopped.signal.aborted) {
        throw this.#stopped.signal.reason;
      }
      if (timeout.aborted) {
        this.#metrics.launchTimedOut(packageId);
        const text = `timeout expired while starting chaincode ${packageId} for transaction`;
        throw new ChaincodeError('timeout', text, { cause: error });
      }
      throw error;
    }
  }

  #keep(begun: BegunChaincode, registered: PromiseWithResolvers<ShimStream>): void {
    this.#begun.add(begun);
    const forget = async (): Promise<void> => {
      const why = await begun.over;
      this.#begun.delete(begun);
      registered.reject(new ChaincodeError('launch_failed', `chaincode registration failed: ${why}`));
    };
    // A chaincode without a stream is of no use to anyone: what still runs of it ends with the stream.
    const endWithStream = async (): Promise<void> => {
      const stream = await registered.promise;
      await stream.ended;
      await begun.end();
    };
    void forget();
    endWithStream().catch(() => {});
  }

  /** @param expected the only ID under which the chaincode may register; null where nothing is known of it */
  #accept(transport: ShimTransport, expected: string | null): ShimStream {
    const stream = new ShimStream(transport, this.#options, {
      caller: this.#modules.caller,
      channels: this.#modules.channels,
      metrics: this.#metrics,
      totalQueryLimit: this.#options.totalQueryLimit,
      register: (packageId, from) => this.#register(packageId, from, expected),
      ready: (packageId, from) => {
        this.#log.info({ chaincode: packageId }, 'chaincode is ready');
        this.#launches.get(packageId)?.registered.resolve(from);
      },
    });
    void this.#forgetAtEnd(stream);
    return stream;
  }

  /** @throws ChaincodeError `protocol` (core/chaincode/handler_registry.go) */
  #register(packageId: string, stream: ShimStream, expected: string | null): void {
    const refuse = (why: string): never => {
      this.#log.warn({ chaincode: packageId }, why);
      throw new ChaincodeError('protocol', why);
    };
    if (expected !== null && packageId !== expected) {
      refuse(`it registered as ${packageId}, but is ${expected}`);
    }
    if (this.#streams.has(packageId)) {
      refuse(`duplicate chaincodeID: ${packageId}`);
    }
    if (!this.#launches.has(packageId) && !this.#options.devMode) {
      refuse(`peer will not accept external chaincode connection ${packageId} (except in dev mode)`);
    }
    this.#streams.set(packageId, stream);
  }

  async #forgetAtEnd(stream: ShimStream): Promise<void> {
    await stream.ended;
    const { packageId } = stream;
    if (this.#streams.get(packageId) === stream) {
      this.#streams.delete(packageId);
      this.#log.info({ chaincode: packageId }, 'chaincode stream ended');
      if (!this.#launches.has(packageId)) {
        this.#delayOf(packageId).ended();
      }
    }
  }

  #delayOf(packageId: string): RestartDelay {
    let delay = this.#delays.get(packageId);
    if (delay === undefined) {
      delay = new RestartDelay(this.#options.restart);
      this.#delays.set(packageId, delay);
    }
    return delay;
  }
}

const PACKAGE_ID = /:[0-9a-f]{64}$/;
