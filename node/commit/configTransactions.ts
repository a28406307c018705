import { common } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { reasonOf } from './verdict.ts';
import { CommitError } from './commitError.ts';
import type { CheckedTransaction } from './checkSignatures.ts';
import { Code } from './verdict.ts';

/**
 * The configuration that a block's configuration transactions lead to; null where it holds none. Orderers put one alone into a
 * block, after they made sure that it is allowed; a peer that finds otherwise cannot go on (Fabric halts the channel too).
 *
 * @throws CommitError `config_rejected`
 */
export async function applyConfigurations(
  block: number,
  transactions: readonly CheckedTransaction[],
  bundle: ChannelBundle,
): Promise<ChannelBundle | null> {
  let current: ChannelBundle | null = null;
  for (const { verdict, type, envelope } of transactions) {
    if (type !== common.HeaderType.CONFIG || verdict.code !== Code.VALID) {
      continue;
    }
    try {
      current = await (current ?? bundle).apply(envelope.payload.data);
    } catch (cause) {
      throw new CommitError('config_rejected', block, `configuration is not allowed: ${reasonOf(cause)}`, { cause });
    }
  }
  return current;
}
