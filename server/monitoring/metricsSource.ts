import type { Heights } from './heights.ts';
import type { NodeTarget } from './nodeTarget.ts';
import type { Panel } from './panels.ts';

/** `id` is enough of a target that only Prometheus knows. */
export type NodeRef = Pick<NodeTarget, 'id' | 'node' | 'msp' | 'kind'> & { readonly url?: URL };

export interface RangeQuery {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

export interface Line {
  /** Value of the label that the panel is split by; '' where it is not. */
  readonly name: string;
  /** Milliseconds since 1970, and the value then; null where there is a gap. */
  readonly points: readonly (readonly [number, number | null])[];
}

export interface PanelLines {
  readonly panel: Panel;
  readonly lines: readonly Line[];
  /** Lines that there are besides; a panel shows so many. */
  readonly more: number;
}

export interface NodeMetrics {
  /** The panels of this kind of node, in their order; without lines where the node does not tell, or did not then. */
  readonly panels: readonly PanelLines[];
  /** From when on this source has anything of the node; null where it does not know. */
  readonly since: number | null;
  /** Why it has nothing of it, or nothing new. */
  readonly problem: string | null;
}

/** Where a node's metrics over time come from. */
export interface MetricsSource {
  readonly kind: 'prometheus' | 'scraper';
  /** @throws MonitoringError */
  range(node: NodeRef, query: RangeQuery): Promise<NodeMetrics>;
  /** How far each of these is. Never rejects: where nobody can be asked, the `problem` of each says why. */
  heights(nodes: readonly NodeRef[]): Promise<Heights>;
  close(): Promise<void>;
}
