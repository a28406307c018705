import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { metricsCatalogue } from './metricsCatalogue.ts';
import { ABSENT, type FabricMetric, metricsPage, whyAbsent } from './metricsPage.ts';
import { statsdName } from './statsdName.ts';

const fabric = JSON.parse(readFileSync('test/vectors/fabric-metrics/metrics.json', 'utf8')) as FabricMetric[];
const theirs = new Map(fabric.map((one) => [one.name, one]));
const ours = metricsCatalogue();

describe('metrics', () => {
  const known = ours.flatMap((one) => {
    const fabrics = theirs.get(one.name);
    return fabrics === undefined ? [] : [{ one, fabrics }];
  });

  it("are Fabric's in name, type, labels, node and buckets, or begin with ftl_", () => {
    for (const { one, fabrics } of known) {
      const { name, type, labels, nodes, buckets } = one;
      expect({ name, type, labels: labels.toSorted(), nodes: nodes.toSorted(), buckets }).toEqual({
        name,
        type: fabrics.type,
        labels: fabrics.labels.toSorted(),
        nodes: fabrics.nodes.toSorted(),
        buckets: fabrics.buckets ?? buckets,
      });
    }
    const others = ours.filter(({ name }) => !theirs.has(name) && !/^(?:ftl|process|nodejs)_/.test(name));
    expect(others).toEqual([]);
  });

  it("have Fabric's names in StatsD", () => {
    for (const { one, fabrics } of known) {
      const values = Object.fromEntries(one.labels.map((label) => [label, `%{${label}}`]));
      expect(statsdName(one.name, one.labels, values)).toBe(fabrics.statsd);
    }
    expect(statsdName('ledger_blockchain_height', ['channel'], { channel: 'a.b|c:d e' })).toBe(
      'ledger.blockchain_height.a_b_c_d_e',
    );
  });

  it('that are absent have a reason, those that are there have none', () => {
    const names = new Set(ours.map(({ name }) => name));
    const absent = fabric.filter(({ name }) => !names.has(name));
    expect(absent.filter(({ name }) => whyAbsent(name) === null)).toEqual([]);
    for (const [begin] of ABSENT) {
      expect(absent.some(({ name }) => name.startsWith(begin))).toBe(true);
    }
  });

  it('have the page that is in docs', () => {
    expect(readFileSync('docs/reference/metrics.md', 'utf8')).toBe(metricsPage(fabric));
  });
});
