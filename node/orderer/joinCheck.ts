import { ChannelBundle } from '#node/channel/bundle.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { ConsensusType } from './consensus/consenter.ts';
import { asOrdererError, checkUsable } from './messageProcessor.ts';
import { consensusOf } from './orderingChain.ts';
import { OrdererError } from './ordererError.ts';

/**
 * Whether this orderer can order the channel that begins with a block.
 * @throws OrdererError `config_rejected`, `unsupported_consensus`, `not_a_member`, `bad_join_block`
 */
export function checkJoinBlock(block: BlockView, consensusTypes: ReadonlyMap<string, ConsensusType>): void {
  let bundle: ChannelBundle;
  try {
    bundle = ChannelBundle.fromBlock(block);
  } catch (error) {
    throw asOrdererError(error).within('failed creating ledger resources');
  }
  checkUsable(bundle, 'failed creating ledger resources: error checking bundle for channel');
  const type = consensusOf(bundle, consensusTypes);
  let member: boolean;
  try {
    member = type.isMember(bundle);
  } catch (error) {
    throw error instanceof OrdererError
      ? error.within('failed to determine cluster membership from join-block')
      : error;
  }
  if (!member) {
    throw new OrdererError(
      'not_a_member',
      "this orderer's TLS certificate is none of the channel's consenters', and it cannot follow a channel that others order",
    );
  }
  if (block.number !== 0) {
    throw new OrdererError(
      'bad_join_block',
      `a channel can only be joined by its first block here, not by block ${block.number}: the blocks before it cannot be fetched from other orderers`,
    );
  }
}
