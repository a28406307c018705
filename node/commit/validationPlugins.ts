import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { StateReader } from '#node/ledger/state/stateDatabase.ts';
import type { MspIdentity } from '#node/msp/mspIdentity.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import type { NamespaceView } from '#node/protos/readWriteSetView.ts';
import type { CheckedTransaction } from './checkSignatures.ts';
import { CommitError } from './commitError.ts';
import type { EndorsementRules } from './endorsementRules.ts';
import type { PolicyAnswer, PolicyBook } from './policyBook.ts';
import { reasonOf } from './verdict.ts';

/** A transaction that wrote to a namespace whose definition names a plugin. */
export interface ValidationContext {
  readonly bundle: ChannelBundle;
  /** As the block before left it. */
  readonly state: StateReader;
  /** The chaincode that the plugin answers for. */
  readonly namespace: string;
  readonly txId: string;
  readonly envelope: EnvelopeView;
  /** What was read and written there; null where nothing was. */
  readonly view: NamespaceView | null;
  /** Those whose signatures hold, each once. */
  readonly endorsers: readonly MspIdentity[];
  /** The definition's validation parameter: whatever the plugin takes it for. */
  readonly parameter: Uint8Array;
  /** Asks a serialised `protos.ApplicationPolicy` about the endorsers. @returns null where it is met, else why not */
  readonly evaluatePolicy: (policy: Uint8Array) => string | null;
}

/**
 * Decides in place of Fabric's `vscc` (core/handlers/validation/api). Every peer must come to the same answer: what is not in the
 * context may play no part.
 */
export interface ValidationPlugin {
  /**
   * @returns null for valid, else why the transaction gets ENDORSEMENT_POLICY_FAILURE
   * @throws where it cannot tell: the channel then stops before the block
   */
  validate(context: ValidationContext): string | null | Promise<string | null>;
}

/** By the names that definitions give; never `vscc`. */
export type ValidationPlugins = Readonly<Record<string, ValidationPlugin>>;

/** What plugins say of one transaction, by namespace. */
export type PluginAnswers = ReadonlyMap<string, PolicyAnswer>;

const NO_ANSWERS: PluginAnswers = new Map();

export interface AskedPlugins {
  readonly bundle: ChannelBundle;
  readonly book: PolicyBook;
  readonly state: StateReader;
}

/** @throws CommitError `plugin_failed` */
export async function askPlugins(
  { envelope, txId, written, endorsers }: CheckedTransaction,
  rulesOf: ReadonlyMap<string, EndorsementRules | string>,
  { bundle, book, state }: AskedPlugins,
): Promise<PluginAnswers> {
  let answers: Map<string, PolicyAnswer> | null = null;
  for (const namespace of written?.namespaces ?? []) {
    const rules = rulesOf.get(namespace);
    if (endorsers === null || rules === undefined || typeof rules === 'string' || rules.plugin === undefined) {
      continue;
    }
    answers ??= new Map();
    try {
      const answer = await rules.plugin.validate({
        bundle,
        state,
        namespace,
        txId,
        envelope,
        view: envelope.transaction.action.readWriteSet.namespace(namespace),
        endorsers: endorsers.identities,
        parameter: rules.policy,
        evaluatePolicy: (policy) => book.evaluate(policy, endorsers),
      });
      answers.set(namespace, answer);
    } catch (cause) {
      const detail = `the validation plugin of chaincode ${namespace} failed on transaction ${txId}: ${reasonOf(cause)}`;
      throw new CommitError('plugin_failed', null, detail, { cause });
    }
  }
  return answers ?? NO_ANSWERS;
}
