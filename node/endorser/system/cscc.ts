import { common, peer } from '@hyperledger/fabric-protos';
import { ChannelBundle } from '#node/channel/bundle.ts';
import type { ChaincodeInvocation, ChaincodeResult, SystemChaincode } from '#node/chaincode/chaincodeSupport.ts';
import type { PeerChannel, PeerChannels } from '#node/peer/peerChannel.ts';
import { BlockView } from '#node/protos/blockView.ts';
import type { SignedProposalMessage } from '#node/protos/proposalMessages.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { wireFields } from '#node/protos/wireFields.ts';
import { type AccessChecks, signedDataOf } from '../accessChecks.ts';
import { messageOf } from '../endorserError.ts';
import { answer, refuseOtherChaincodes, Refusal, text } from './answer.ts';

/** Functions that take no argument. */
const ALONE: ReadonlySet<string> = new Set(['GetChannels', 'JoinBySnapshotStatus']);

export interface CsccModules {
  readonly channels: PeerChannels;
  readonly access: AccessChecks;
}

/** Joins channels and tells how they are configured (Fabric, core/scc/cscc). */
export class Cscc implements SystemChaincode {
  readonly name = 'cscc';
  readonly #modules: CsccModules;

  constructor(modules: CsccModules) {
    this.#modules = modules;
  }

  invoke(invocation: ChaincodeInvocation): Promise<ChaincodeResult> {
    return answer(() => this.#invoke(invocation));
  }

  async #invoke(invocation: ChaincodeInvocation): Promise<Uint8Array | null> {
    const args = invocation.input.args;
    const called = text(args[0]);
    if (args.length < 1 || (!ALONE.has(called) && args.length < 2)) {
      throw new Refusal(`Incorrect number of arguments, ${args.length}`);
    }
    refuseOtherChaincodes(invocation, 'Rejecting invoke of CSCC from another chaincode');
    const argument = args[1] ?? new Uint8Array(0);
    const { signedProposal } = invocation;
    switch (called) {
      case 'JoinChain':
        return this.#joinChain(argument, signedProposal);
      case 'JoinChainBySnapshot':
        return this.#joinChainBySnapshot(text(argument), signedProposal);
      case 'JoinBySnapshotStatus':
        await this.#checkLocal(called, signedProposal);
        return this.#joinBySnapshotStatus();
      case 'GetConfigBlock':
        return configBlock(await this.#checkedChannel(called, text(argument), signedProposal));
      case 'GetChannelConfig':
        if (argument.length === 0) {
          throw new Refusal('empty channel name provided');
        }
        return channelConfig(await this.#checkedChannel(called, text(argument), signedProposal));
      case 'GetChannels':
        await this.#checkLocal(called, signedProposal);
        return this.#channels();
      default:
        throw new Refusal(`Requested function ${called} not found.`);
    }
  }

  async #joinChain(bytes: Uint8Array, proposal: SignedProposalMessage): Promise<null> {
    let genesis: BlockView;
    let channelId: string;
    try {
      genesis = BlockView.fromBytes(bytes);
    } catch (cause) {
      throw new Refusal(`Failed to reconstruct the genesis block, ${messageOf(cause)}`, { cause });
    }
    try {
      const [envelope] = genesis.envelopes;
      if (envelope === undefined) {
        throw new Refusal('failed to retrieve channel id - block is empty');
      }
      channelId = envelope.channelHeader.channel;
    } catch (cause) {
      const message = `"JoinChain" request failed to extract channel id from the block due to [${messageOf(cause)}]`;
      throw new Refusal(message, { cause });
    }
    try {
      checkConfigBlock(genesis);
    } catch (cause) {
      const because = `because of validation of configuration block, because of ${messageOf(cause)}`;
      throw new Refusal(`"JoinChain" for channelID = ${channelId} failed ${because}`, { cause });
    }
    await this.#checkLocal('JoinChain', proposal, channelId);
    await this.#modules.channels.join(genesis);
    return null;
  }

  async #joinChainBySnapshot(folder: string, proposal: SignedProposalMessage): Promise<null> {
    if (folder === '') {
      throw new Refusal('Cannot join the channel, no snapshot directory provided');
    }
    await this.#checkLocal('JoinChainBySnapshot', proposal);
    await this.#modules.channels.joinBySnapshot(folder);
    return null;
  }

  #joinBySnapshotStatus(): Uint8Array {
    const folder = this.#modules.channels.joiningFromSnapshot;
    const status = new peer.JoinBySnapshotStatus();
    status.setInProgress(folder !== null);
    status.setBootstrappingSnapshotDir(folder ?? '');
    return status.serializeBinary();
  }

  #channels(): Uint8Array {
    const response = new peer.ChannelQueryResponse();
    for (const channelId of this.#modules.channels.list()) {
      const info = new peer.ChannelInfo();
      info.setChannelId(channelId);
      response.addChannels(info);
    }
    return response.serializeBinary();
  }

  /** @throws Refusal */
  async #checkLocal(called: string, proposal: SignedProposalMessage, channelId?: string): Promise<void> {
    try {
      await this.#modules.access.check(`cscc/${called}`, null, signedDataOf(proposal));
    } catch (cause) {
      const reason =
        called === 'JoinChain'
          ? `[${called}][${channelId}]: [${messageOf(cause)}]`
          : called === 'JoinChainBySnapshot'
            ? `[${called}]: [${messageOf(cause)}]`
            : `[${called}]: ${messageOf(cause)}`;
      throw new Refusal(`access denied for ${reason}`, { cause });
    }
  }

  /** @throws Refusal */
  async #checkedChannel(called: string, channelId: string, proposal: SignedProposalMessage): Promise<PeerChannel> {
    const denied = `access denied for [${called}][${channelId}]`;
    const channel = this.#modules.channels.channel(channelId);
    if (channel === null) {
      throw new Refusal(`${denied}: Failed to get policy manager for channel [${channelId}]`);
    }
    try {
      await this.#modules.access.check(`cscc/${called}`, channel, signedDataOf(proposal));
    } catch (cause) {
      throw new Refusal(`${denied}: ${messageOf(cause)}`, { cause });
    }
    return channel;
  }
}

/** @throws Refusal, ProtoError, ChannelError */
function checkConfigBlock(block: BlockView): void {
  const [envelope] = block.envelopes;
  if (envelope === undefined) {
    throw new Refusal('Failed to envelope index out of bounds');
  }
  const { type, typeName } = envelope.channelHeader;
  if (type !== common.HeaderType.CONFIG) {
    throw new Refusal(`Bad configuration envelope: invalid type ${typeName}, expected CONFIG`);
  }
  const bundle = ChannelBundle.fromEnvelope(envelope);
  if (bundle.application === null) {
    throw new Refusal('Invalid configuration block, missing Application configuration group');
  }
  try {
    bundle.requireSupported('peer');
  } catch (cause) {
    throw new Refusal(`Failed capabilities check: [${messageOf(cause)}]`, { cause });
  }
}

async function configBlock({ ledger: { blocks } }: PeerChannel): Promise<Uint8Array> {
  const last = await blocks.byNumber(blocks.height - 1);
  if (last === null) {
    throw new Refusal(`no such block number [${blocks.height - 1}] in index`);
  }
  // Block 0 names none.
  const number = last.lastConfig ?? 0;
  const block = await blocks.byNumber(number);
  if (block === null) {
    throw new Refusal(`no such block number [${number}] in index`);
  }
  return block.bytes;
}

/** The `common.Config` within the envelope, byte by byte. */
async function channelConfig({ ledger, channelId }: PeerChannel): Promise<Uint8Array> {
  const envelope = await ledger.configEnvelope();
  const config =
    envelope === null ? undefined : wireFields(envelope, 'common.ConfigEnvelope').find(({ field }) => field === 1);
  if (config === undefined) {
    throw new ProtoError('missing', 'common.ConfigEnvelope', `no configuration of ${channelId} in its ledger`);
  }
  return config.bytes;
}
