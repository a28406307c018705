import type { ClientStream, ConnectOptions } from '#node/grpc/client.ts';
import type { StreamClient } from '#node/grpc/streamConnection.ts';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';
import type { ChaincodeLog } from '../chaincodeLog.ts';
import type { ShimStream } from '../shim/shimStream.ts';
import type { ShimTransport } from '../shim/shimTransport.ts';
import { unlessAborted } from '../unlessAborted.ts';
import type { ChaincodeBuilds } from './chaincodeBuilds.ts';
import type { ChaincodeCertificates } from './chaincodeCertificates.ts';
import type { Launchable } from './launchable.ts';
import type { ServiceAddress } from './serviceConnection.ts';

export interface StarterOptions {
  readonly peerAddress: () => string;
  readonly mspId: string;
}

export interface StarterModules {
  readonly builds: ChaincodeBuilds;
  /** Null: chaincode comes without TLS. */
  readonly certificates: ChaincodeCertificates | null;
  readonly connect: (options: ConnectOptions) => StreamClient;
  /** Speaks with a chaincode on this stream, which may register under this ID alone. */
  readonly accept: (transport: ShimTransport, packageId: string) => ShimStream;
  readonly log: ChaincodeLog;
}

/** A chaincode that was begun: its connection, or its process. */
export interface BegunChaincode {
  /** Resolves when it is over, with why: of interest while it has not registered. */
  readonly over: Promise<string>;
  /** Ends it, and resolves when it is gone. */
  end(): Promise<void>;
}

/** Begins chaincode, of whatever kind; from there it has to register by itself. */
export class ChaincodeStarter {
  readonly #options: StarterOptions;
  readonly #modules: StarterModules;

  constructor(options: StarterOptions, modules: StarterModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** @throws ChaincodeError */
  async begin(packageId: string, signal: AbortSignal): Promise<BegunChaincode> {
    const launchable = await this.#build(packageId, signal);
    return launchable.kind === 'service'
      ? this.#connect(packageId, launchable.service, signal)
      : this.#start(packageId, launchable);
  }

  async #build(packageId: string, signal: AbortSignal): Promise<Launchable> {
    try {
      return await unlessAborted(this.#modules.builds.launchable(packageId, signal), signal);
    } catch (cause) {
      const code = cause instanceof ChaincodeError ? cause.code : 'build_failed';
      throw new ChaincodeError(code, `error building chaincode: ${messageOf(cause)}`, { cause });
    }
  }

  async #connect(
    packageId: string,
    { connect, dialTimeoutMs }: ServiceAddress,
    signal: AbortSignal,
  ): Promise<BegunChaincode> {
    const failed = (cause: unknown): ChaincodeError =>
      new ChaincodeError(
        'launch_failed',
        `connection to ${packageId} failed: error cannot create connection for ${packageId}: error creating grpc connection to ${connect.address}: ${messageOf(cause)}`,
        { cause },
      );
    let client: StreamClient;
    let call: ClientStream;
    try {
      client = this.#modules.connect(connect);
    } catch (cause) {
      throw failed(cause);
    }
    try {
      await unlessAborted(client.ready(dialTimeoutMs), signal);
      call = client.stream('/protos.Chaincode/Connect');
    } catch (cause) {
      client.close();
      throw failed(cause);
    }
    const stream = this.#modules.accept(
      { messages: call, send: (message) => call.send(message), cancel: () => call.cancel() },
      packageId,
    );
    const over = stream
      .run()
      .then(
        () => `connection to ${packageId} terminated`,
        (error: unknown) => `connection to ${packageId} terminated: ${messageOf(error)}`,
      )
      .finally(() => client.close());
    return {
      over,
      async end() {
        stream.close(new ChaincodeError('stream_ended', 'chaincode stream terminated'));
        await over;
      },
    };
  }

  async #start(packageId: string, launchable: Launchable & { kind: 'program' }): Promise<BegunChaincode> {
    const { certificates, log } = this.#modules;
    const { mspId, peerAddress } = this.#options;
    const issued = certificates?.client(packageId) ?? null;
    const tls = certificates === null || issued === null ? null : { client: issued.pair, root: certificates.root };
    const session = await launchable
      .start({ address: peerAddress(), tls, mspId }, (line) => log.info({ chaincode: packageId }, line))
      .catch((cause: unknown) => {
        issued?.revoke();
        throw new ChaincodeError('launch_failed', `error starting container: ${messageOf(cause)}`, { cause });
      });
    log.info({ chaincode: packageId, pid: session.pid }, 'chaincode started');
    const over = session.exited.then((code) => {
      issued?.revoke();
      log.info({ chaincode: packageId, code }, 'chaincode ended');
      return `container exited with ${code}${session.tail === '' ? '' : `:\n${session.tail}`}`;
    });
    return { over, end: () => session.stop() };
  }
}
