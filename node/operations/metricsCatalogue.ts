import { Registry } from 'prom-client';
import { OrdererMetrics } from '#node/orderer/ordererMetrics.ts';
import { commonMetrics, ordererNodeMetrics, peerMetrics } from './nodeMetrics.ts';
import { labelNamesOf } from './statsdExporter.ts';

export type NodeKind = 'peer' | 'orderer';

export interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** In the order of their declaration. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram; else empty. */
  readonly buckets: readonly number[];
  readonly nodes: readonly NodeKind[];
}

/** All metrics that nodes tell, by name. */
export function metricsCatalogue(): readonly MetricDescription[] {
  const found = new Map<string, MetricDescription>();
  for (const kind of ['peer', 'orderer'] as const) {
    for (const metric of declared(kind).getMetricsAsArray()) {
      const { name, type, help } = metric;
      const { buckets = [] } = metric as { readonly buckets?: readonly number[] };
      const nodes = [...(found.get(name)?.nodes ?? []), kind];
      found.set(name, { name, type: String(type), help, labels: labelNamesOf(metric), buckets, nodes });
    }
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function declared(kind: NodeKind): Registry {
  const registry = new Registry();
  commonMetrics(registry, { version: '', folder: '', tracing: () => null });
  const declare = { peer: [peerMetrics], orderer: [ordererNodeMetrics, (all: Registry) => new OrdererMetrics(all)] };
  for (const room of declare[kind]) {
    room(registry);
  }
  return registry;
}
