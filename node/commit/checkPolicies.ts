import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { StateReader } from '#node/ledger/state/stateDatabase.ts';
import type { NamespaceView } from '#node/protos/readWriteSetView.ts';
import type { ChaincodeDefinitions } from './chaincodeDefinitions.ts';
import type { CheckedEndorsers } from './checkEndorsers.ts';
import type { CheckedTransaction } from './checkSignatures.ts';
import { type EndorsementRules, endorsementRules } from './endorsementRules.ts';
import { KeyLevelPolicies, someWrittenKeys, writtenKeys } from './keyLevelPolicies.ts';
import type { PolicyAnswer, PolicyBook } from './policyBook.ts';
import { askPlugins, type PluginAnswers, type ValidationPlugins } from './validationPlugins.ts';
import { Code, invalid, VALID, type Verdict } from './verdict.ts';

export interface PolicyModules {
  readonly bundle: ChannelBundle;
  readonly book: PolicyBook;
  readonly definitions: ChaincodeDefinitions;
  /** As the block before left it. */
  readonly state: StateReader;
  /** Beside Fabric's own. */
  readonly plugins?: ValidationPlugins;
}

/**
 * Asks the endorsement policies about the transactions of a block, in block order: of each namespace that one wrote to, the
 * policies of the keys, of the collections and of the chaincode (Fabric, the validation logic of 2.0).
 *
 * @param transactions null for those that were turned down already
 * @returns a verdict for each, VALID where nothing was asked
 * @throws CommitError `unknown_plugin`, `plugin_failed`, `state_unreadable`
 */
export async function checkPolicies(
  transactions: readonly (CheckedTransaction | null)[],
  modules: PolicyModules,
): Promise<Verdict[]> {
  const rules = new Map<string, EndorsementRules | string>();
  const views: NamespaceView[] = [];
  for (const transaction of transactions) {
    const written = transaction?.written;
    if (written == null) {
      continue;
    }
    for (const namespace of written.namespaces) {
      if (!rules.has(namespace)) {
        const { definitions, bundle, plugins } = modules;
        rules.set(namespace, await endorsementRules(namespace, definitions, bundle, plugins));
      }
    }
    views.push(...(transaction as CheckedTransaction).envelope.transaction.action.readWriteSet.namespaces);
  }
  const keyLevel = await KeyLevelPolicies.load(modules.state, views);
  const hasPlugins = [...rules.values()].some((one) => typeof one !== 'string' && one.plugin !== undefined);
  const answers: PluginAnswers[] = [];
  for (const one of hasPlugins ? transactions : []) {
    answers.push(one === null ? new Map() : await askPlugins(one, rules, modules));
  }
  return transactions.map((one, index) =>
    one === null || one.written === null
      ? VALID
      : checkTransactionPolicies(one, rules, keyLevel, modules.book, answers[index]),
  );
}

function checkTransactionPolicies(
  transaction: CheckedTransaction,
  rulesOf: ReadonlyMap<string, EndorsementRules | string>,
  keyLevel: KeyLevelPolicies,
  book: PolicyBook,
  pluginAnswers: PluginAnswers | undefined,
): Verdict {
  const { namespaces } = transaction.written ?? { namespaces: [] };
  const endorsers = transaction.endorsers as CheckedEndorsers;
  const { readWriteSet } = transaction.envelope.transaction.action;
  let verdict = VALID;
  // All are asked, though the first refusal decides: a key's new policy counts where its own namespace was met. (Fabric asks
  // them in no particular order.)
  for (const namespace of namespaces) {
    const rules = rulesOf.get(namespace) as EndorsementRules | string;
    const refused = typeof rules === 'string' ? invalid(Code.INVALID_CHAINCODE, rules) : null;
    const view = readWriteSet.namespace(namespace);
    const unmet = refused === null ? checkNamespace(namespace, view, rules as EndorsementRules) : null;
    if (refused === null && unmet === null && view !== null) {
      keyLevel.noteUpdates(view);
    }
    if (verdict.code === Code.VALID) {
      verdict = refused ?? (unmet === null ? VALID : policyFailure(unmet, endorsers));
    }
  }
  return verdict;

  function checkNamespace(name: string, view: NamespaceView | null, rules: EndorsementRules): PolicyAnswer {
    if (rules.plugin !== undefined) {
      const answer = pluginAnswers?.get(name);
      return answer === undefined ? `the validation plugin of ${name} was not asked` : answer;
    }
    const asked = new AskedPolicies(name, rules, endorsers, book);
    const keys = view === null ? [] : keyLevel.isEmpty ? someWrittenKeys(view) : writtenKeys(view);
    for (const key of keys) {
      const unmet = keyLevel.wasUpdated(key)
        ? `the endorsement policy of key ${JSON.stringify(key.stateKey.key)} was changed earlier in the block`
        : asked.ask(keyLevel.policyOf(key), key.collection, key.stateKey.key);
      if (unmet !== null) {
        return unmet;
      }
    }
    return asked.askAtLeastChaincode();
  }
}

function policyFailure(unmet: string, { rejected }: CheckedEndorsers): Verdict {
  const dropped = rejected.length === 0 ? '' : `; endorsements that do not count: ${rejected.join(', ')}`;
  return invalid(Code.ENDORSEMENT_POLICY_FAILURE, `${unmet}${dropped}`);
}

/** Which policies of a namespace were asked for one transaction: each at most once, at least one. */
class AskedPolicies {
  readonly #namespace: string;
  readonly #rules: EndorsementRules;
  readonly #endorsers: CheckedEndorsers;
  readonly #book: PolicyBook;
  /** Collections, and the empty name for the chaincode's own. */
  readonly #met = new Set<string>();
  #any = false;

  constructor(namespace: string, rules: EndorsementRules, endorsers: CheckedEndorsers, book: PolicyBook) {
    this.#namespace = namespace;
    this.#rules = rules;
    this.#endorsers = endorsers;
    this.#book = book;
  }

  /** The policy of the key itself if it has one, else that of its collection, else that of the chaincode. */
  ask(keyPolicy: Uint8Array | null, collection: string, key: string): PolicyAnswer {
    if (keyPolicy !== null) {
      const unmet = this.#book.evaluate(keyPolicy, this.#endorsers);
      if (unmet !== null) {
        return `policy of key ${JSON.stringify(key)} in ${this.#namespace}: ${unmet}`;
      }
      this.#any = true;
      return null;
    }
    if (collection !== '') {
      if (this.#met.has(collection)) {
        return null;
      }
      const policy = this.#rules.collectionPolicy(collection);
      if (policy !== null && 'refused' in policy) {
        return policy.refused;
      }
      if (policy !== null && policy.length > 0) {
        return this.#evaluate(policy, collection, `collection ${collection} of ${this.#namespace}`);
      }
    }
    return this.#met.has('') ? null : this.#evaluate(this.#rules.policy, '', `chaincode ${this.#namespace}`);
  }

  /** A transaction that writes nothing still has to be endorsed. */
  askAtLeastChaincode(): PolicyAnswer {
    return this.#any ? null : this.#evaluate(this.#rules.policy, '', `chaincode ${this.#namespace}`);
  }

  #evaluate(policy: Uint8Array, name: string, whose: string): PolicyAnswer {
    const unmet = this.#book.evaluate(policy, this.#endorsers);
    if (unmet !== null) {
      return `policy of ${whose}: ${unmet}`;
    }
    this.#met.add(name);
    this.#any = true;
    return null;
  }
}
