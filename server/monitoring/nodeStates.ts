import { MonitoringError } from './monitoringError.ts';
import type { FailedCheck, NodeClient } from './nodeClient.ts';
import type { NodeTarget } from './nodeTarget.ts';

export interface NodeState {
  readonly target: NodeTarget;
  /** `failing`: it answers, and says what is wrong; `unreachable`: it does not answer. */
  readonly health: 'ok' | 'failing' | 'unreachable';
  readonly failedChecks: readonly FailedCheck[];
  /** Why it could not be asked. */
  readonly problem: string | null;
  /** Null where it could not be asked. */
  readonly version: string | null;
  /** Milliseconds since 1970. */
  readonly checkedAt: number;
}

/** Milliseconds for which an answer holds: many may look at the same page. */
const HOLDS_MS = 3000;
/** Nodes that do not answer cost their whole time: a page waits for two such rounds, not for twenty. */
const AT_A_TIME = 32;

/** Health and version of nodes, asked for when somebody wants to know, be it a rule. */
export class NodeStates {
  readonly #client: NodeClient;
  readonly #targets: () => readonly NodeTarget[];
  readonly #now: () => number;
  readonly #stop = new AbortController();
  readonly #known = new Map<string, { readonly until: number; readonly state: Promise<NodeState> }>();
  /** As each was when it was asked last. */
  readonly #last = new Map<string, NodeState>();

  constructor(client: NodeClient, targets: () => readonly NodeTarget[], now: () => number = Date.now) {
    this.#client = client;
    this.#targets = targets;
    this.#now = now;
  }

  /** Of every target. */
  all(): Promise<readonly NodeState[]> {
    const targets = this.#targets();
    const ids = new Set(targets.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
    for (const id of this.#last.keys()) if (!ids.has(id)) this.#last.delete(id);
    return this.ofEach(targets);
  }

  async ofEach(targets: readonly NodeTarget[]): Promise<readonly NodeState[]> {
    const states: NodeState[] = [];
    const queue = [...targets.entries()];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        states[next[0]] = await this.of(next[1]);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    return states;
  }

  /** Without asking: what was known last of those of which anything is. */
  last(targets: readonly NodeTarget[]): readonly NodeState[] {
    return targets.flatMap(({ id }) => this.#last.get(id) ?? []);
  }

  of(target: NodeTarget): Promise<NodeState> {
    const known = this.#known.get(target.id);
    if (known !== undefined && known.until > this.#now()) return known.state;
    const state = this.#look(target).then((found) => {
      this.#last.set(target.id, found);
      return found;
    });
    this.#known.set(target.id, { until: this.#now() + HOLDS_MS, state });
    return state;
  }

  /** Asks nobody any more. */
  close(): void {
    this.#stop.abort();
  }

  async #look(target: NodeTarget): Promise<NodeState> {
    const [health, version] = await Promise.allSettled([
      this.#client.health(target, this.#stop.signal),
      this.#client.version(target, this.#stop.signal),
    ]);
    const at = { target, version: version.status === 'fulfilled' ? version.value : null, checkedAt: this.#now() };
    if (health.status === 'rejected') {
      const problem = health.reason instanceof MonitoringError ? health.reason.message : 'It could not be asked.';
      return { ...at, health: 'unreachable', failedChecks: [], problem };
    }
    const failed = health.value;
    return { ...at, health: failed.length === 0 ? 'ok' : 'failing', failedChecks: failed, problem: null };
  }
}
