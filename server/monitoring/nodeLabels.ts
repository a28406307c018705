import type { NodeRef } from './metricsSource.ts';

type Labels = Readonly<Record<string, string>>;

export interface LabelFit {
  /** It is called so, by the label `node`. */
  readonly byName: boolean;
  /** The address is that of its operations service. */
  readonly byAddress: boolean;
}

/**
 * Whether labels of Prometheus' are those of this node, and how well they say so; null where they are not. By the labels `node` and `msp`
 * that FTL's scrape configuration sets, else by the address of its operations service, else by its name before the port: scrape
 * configurations are the operator's own, and labels differ.
 */
export function labelFit({ id, node, msp, url }: NodeRef, labels: Labels): LabelFit | null {
  const { instance = '', msp: other = '' } = labels;
  const name = labels['node'] ?? labels['peer'];
  const named = name === node || name === id;
  const sameMsp = other === '' || msp === '' || other === msp;
  const byName = named && sameMsp;
  // Behind one proxy many have the same.
  const byAddress = url !== undefined && url.pathname === '/' && instance === url.host;
  const byHost = instance.replace(/:\d+$/, '') === node && sameMsp;
  return byName || byAddress || byHost ? { byName, byAddress } : null;
}

/** Labels that tell a target from all others: hosts of two organisations may have one name, and `instance` be that name. */
export const TARGET_LABELS = ['instance', 'job', 'node', 'msp'] as const;

export interface SeenTarget {
  readonly labels: Labels;
  /** When it was scraped last; in any unit, later is more. */
  readonly seen: number;
}

/** Of several targets the one that fits best, then the one that was scraped last; null where none is the node. */
export function targetOf(node: NodeRef, targets: readonly SeenTarget[]): SeenTarget | null {
  const ranked = targets.flatMap((target) => {
    const fit = labelFit(node, target.labels);
    if (fit === null) return [];
    const sameKind = target.labels['kind'] === node.kind;
    return [{ target, rank: [Number(fit.byName), Number(fit.byAddress), Number(sameKind), target.seen] }];
  });
  const [best] = ranked.toSorted(
    (a, b) => b.rank.map((value, index) => value - (a.rank[index] as number)).find((by) => by !== 0) ?? 0,
  );
  return best?.target ?? null;
}
