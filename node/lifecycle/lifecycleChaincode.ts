import type { ChaincodeInvocation, ChaincodeResult, SystemChaincode } from '#node/chaincode/chaincodeSupport.ts';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { signedDataOf } from '#node/endorser/accessChecks.ts';
import type { AccessControl } from '#node/peer/accessControl.ts';
import type { PeerChannel, PeerChannels } from '#node/peer/peerChannel.ts';
import { NO_BYTES } from '#node/protos/transactionMessages.ts';
import { LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import { decodeMessage, type MessageType } from '#node/protos/strictReader.ts';
import { channelFunctions } from './channelFunctions.ts';
import { ARGUMENTS, type ChannelCall, isLifecycleFunction, type LifecycleFunctions } from './lifecycleArguments.ts';
import { during, LifecycleError } from './lifecycleError.ts';
import { type PackageFunctionModules, packageFunctions } from './packageFunctions.ts';

const OK = 200;
const NOT_FOUND = 404;
const FAILED = 500;

export interface LifecycleChaincodeOptions {
  /** This peer's organisation. */
  readonly mspId: string;
}

export interface LifecycleChaincodeModules extends PackageFunctionModules {
  readonly channels: Pick<PeerChannels, 'channel'>;
  readonly access: Pick<AccessControl, 'check'>;
}

/**
 * The system chaincode `_lifecycle`: packages of this peer, and the definitions of chaincodes that the organisations of a channel agree
 * on (Fabric, core/chaincode/lifecycle/scc.go). Every function takes one message, `lifecycle.<function>Args`, and answers with another.
 */
export class LifecycleChaincode implements SystemChaincode {
  readonly name = LIFECYCLE_NAMESPACE;
  readonly #channels: LifecycleChaincodeModules['channels'];
  readonly #access: LifecycleChaincodeModules['access'];
  readonly #functions: LifecycleFunctions;

  constructor(options: LifecycleChaincodeOptions, modules: LifecycleChaincodeModules) {
    this.#channels = modules.channels;
    this.#access = modules.access;
    this.#functions = { ...packageFunctions(modules), ...channelFunctions(options.mspId) };
  }

  async invoke(invocation: ChaincodeInvocation): Promise<ChaincodeResult> {
    try {
      return answer(OK, '', await this.#run(invocation));
    } catch (error) {
      const status = error instanceof LifecycleError && error.code === 'not_defined' ? NOT_FOUND : FAILED;
      return answer(status, error instanceof Error ? error.message : String(error));
    }
  }

  async #run(invocation: ChaincodeInvocation): Promise<Uint8Array> {
    const [nameBytes, argument, ...more] = invocation.input.args;
    if (nameBytes === undefined) {
      throw new LifecycleError('refused', 'lifecycle scc must be invoked with arguments');
    }
    if (argument === undefined || more.length > 0) {
      const count = 1 + (argument === undefined ? 0 : 1) + more.length;
      throw new LifecycleError(
        'refused',
        `lifecycle scc operations require exactly two arguments but received ${count}`,
      );
    }
    const name = Buffer.from(nameBytes).toString('utf8');
    const channel = this.#channel(invocation.channelId);
    await this.#checkAccess(`${LIFECYCLE_NAMESPACE}/${name}`, channel, invocation);
    try {
      return (await this.#dispatch(name, argument, invocation, channel?.bundle ?? null)).serializeBinary();
    } catch (cause) {
      if (cause instanceof LifecycleError && cause.code === 'not_defined') {
        throw cause;
      }
      return await during(`failed to invoke backing implementation of '${name}'`, () => {
        throw cause;
      });
    }
  }

  /** Null outside any channel. */
  #channel(channelId: string): PeerChannel | null {
    if (channelId === '') {
      return null;
    }
    const channel = this.#channels.channel(channelId);
    if (channel === null) {
      throw new LifecycleError('no_channel', `could not get channelconfig for channel '${channelId}'`);
    }
    const { application } = channel.bundle;
    if (application === null) {
      throw new LifecycleError('no_channel', `could not get application config for channel '${channelId}'`);
    }
    if (!application.capabilities.lifecycleV20) {
      throw new LifecycleError(
        'refused',
        `cannot use new lifecycle for channel '${channelId}' as it does not have the required capabilities enabled`,
      );
    }
    return channel;
  }

  async #checkAccess(resource: string, channel: PeerChannel | null, invocation: ChaincodeInvocation): Promise<void> {
    try {
      await this.#access.check(resource, channel, signedDataOf(invocation.signedProposal));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new LifecycleError('access', `Failed to authorize invocation due to failed ACL check: ${reason}`, {
        cause,
      });
    }
  }

  async #dispatch(
    name: string,
    argument: Uint8Array,
    { channelId, simulator }: ChaincodeInvocation,
    bundle: ChannelBundle | null,
  ): Promise<{ serializeBinary(): Uint8Array }> {
    if (!isLifecycleFunction(name)) {
      throw new LifecycleError('refused', `receiver *lifecycle.Invocation.${name} does not exist`);
    }
    const args = await during(`could not decode input arg for *lifecycle.Invocation.${name}`, () =>
      decodeMessage(ARGUMENTS[name] as MessageType<object>, argument, `lifecycle.${name}Args`),
    );
    const run = this.#functions[name] as (
      args: object,
      call: () => ChannelCall,
    ) => Promise<{ serializeBinary(): Uint8Array }>;
    return run(args, () => {
      if (bundle === null || simulator === null) {
        throw new LifecycleError('no_channel', `could not get channelconfig for channel '${channelId}'`);
      }
      return { channelId, bundle, simulator };
    });
  }
}

function answer(status: number, message: string, payload: Uint8Array = NO_BYTES): ChaincodeResult {
  return { response: { status, message, payload }, event: null };
}
