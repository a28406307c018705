import { ChaincodeError } from '#node/chaincode/chaincodeError.ts';
import type { ChaincodeCaller, ChaincodeInvocation, ChaincodeResult } from '#node/chaincode/chaincodeSupport.ts';
import type { HistoryDatabase } from '#node/ledger/history/historyDatabase.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import type { PeerChannels } from '#node/peer/peerChannel.ts';
import type { ChaincodeInputMessage } from '#node/protos/proposalMessages.ts';
import { type AccessChecks, signedDataOf } from './accessChecks.ts';
import { EndorserError, prefixed } from './endorserError.ts';
import { type ExecutionModules, executeChaincode, findChaincode } from './executeChaincode.ts';

export interface CallerModules extends Omit<ExecutionModules, 'chaincodes'> {
  readonly channels: PeerChannels;
  readonly access: AccessChecks;
  /** Asked for at each call: the runtime in turn needs this caller. */
  readonly chaincodes: () => ExecutionModules['chaincodes'];
}

/** Where a call goes: `name`, `name:version` (the version says nothing), with `/channel` behind it for another channel. */
interface Target {
  readonly name: string;
  readonly channelId: string;
}

/** Chaincode that invokes chaincode, as a Go peer allows it (core/chaincode/handler.go, `HandleInvokeChaincode`). */
export class ProposalChaincodeCaller implements ChaincodeCaller {
  readonly #modules: CallerModules;

  constructor(modules: CallerModules) {
    this.#modules = modules;
  }

  /** @throws EndorserError, AccessError, ChaincodeError and what the simulator throws: the calling chaincode is told the message */
  async call(caller: ChaincodeInvocation, target: string, input: ChaincodeInputMessage): Promise<ChaincodeResult> {
    const { name, channelId } = parseTarget(target, caller.channelId);
    await this.#checkAccess(caller, { name, channelId });
    if (channelId === caller.channelId) {
      return this.#execute(caller, { name, channelId }, input, caller.simulator, caller.history);
    }
    const channel = this.#modules.channels.channel(channelId);
    if (channel === null) {
      throw new EndorserError('unknown_channel', `failed to find ledger for channel: ${channelId}`);
    }
    // What is read and written there stays out of the transaction.
    const simulator = await channel.simulator(caller.txId);
    try {
      return await this.#execute(caller, { name, channelId }, input, simulator, channel.ledger.history);
    } finally {
      await simulator.done();
    }
  }

  /** System chaincodes are open here: they check by themselves. */
  async #checkAccess({ signedProposal }: ChaincodeInvocation, { name, channelId }: Target): Promise<void> {
    const { systemChaincodes, channels, access } = this.#modules;
    if (!systemChaincodes.isSystem(name)) {
      const channel = channels.channel(channelId);
      if (channel === null) {
        throw new EndorserError('unknown_channel', `Failed to get policy manager for channel [${channelId}]`);
      }
      await access.check('peer/ChaincodeToChaincode', channel, signedDataOf(signedProposal));
    }
  }

  async #execute(
    caller: ChaincodeInvocation,
    { name, channelId }: Target,
    input: ChaincodeInputMessage,
    simulator: TxSimulator | null,
    history: HistoryDatabase | null,
  ): Promise<ChaincodeResult> {
    const modules: ExecutionModules = { ...this.#modules, chaincodes: this.#modules.chaincodes() };
    const { txId, signedProposal, signal } = caller;
    const called = { channelId, txId, chaincode: name, input, signedProposal, simulator, history, signal };
    try {
      const runnable = await findChaincode(name, channelId, simulator, modules).catch((error: unknown) => {
        const prefix = `invalid invocation: [channel ${channelId}] failed to get chaincode container info for ${name}`;
        throw prefixed(prefix, error, 'not_defined');
      });
      return await executeChaincode({ ...called, caller: { kind: 'chaincode', name: caller.name } }, runnable, modules);
    } catch (error) {
      // What the called chaincode itself says goes to the calling one as it is.
      throw error instanceof ChaincodeError && error.code === 'failed'
        ? error
        : prefixed('execute failed', error, 'simulation');
    }
  }
}

function parseTarget(target: string, callerChannel: string): Target {
  const slash = target.indexOf('/');
  const [chaincode, channelId] = slash < 0 ? [target, ''] : [target.slice(0, slash), target.slice(slash + 1)];
  return { name: chaincode.split(':', 1)[0] as string, channelId: channelId || callerChannel };
}
