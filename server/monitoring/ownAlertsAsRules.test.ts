import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ALERTS, yamlFiles } from '#test/harness/ruleFiles.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { HEIGHT } from './heights.ts';
import { OWN_ALERT_NAMES, OWN_ALERTS, OwnAlerts } from './ownAlerts.ts';
import { PANELS } from './panels.ts';
import { SampleHistory } from './sampleHistory.ts';
import type { Scraped } from './scraper.ts';

/** A test of rules, as promtool reads it. */
interface RuleTest {
  readonly name: string;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly promql_expr_test: readonly {
    readonly expr: string;
    readonly eval_time: string;
    readonly exp_samples?: readonly { readonly labels: string; readonly value: number }[];
  }[];
}

const MINUTE = 60_000;
const START = Date.parse('2026-11-21T00:00:00Z');
const SHARED = ALERTS.filter(({ alert }) => (OWN_ALERT_NAMES as readonly string[]).includes(alert));
const FIRING = /^count by \([^)]*\) \(ALERTS\{alertname="(\w+)", alertstate="firing"\}\)$/;

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));

/** `1+10x3 _x2 7`: a value a minute; null where there is none. */
function valuesOf(notation: string): (number | null)[] {
  return notation.split(' ').flatMap((part) => {
    const [, gap, gaps = '1'] = /^(_|stale)(?:x(\d+))?$/.exec(part) ?? [];
    if (gap !== undefined) return Array<null>(Number(gaps)).fill(null);
    const [, from, by = '+0', times = '0'] = /^(-?\d+)([+-]\d+)?(?:x(\d+))?$/.exec(part) ?? [];
    if (from === undefined) throw new Error(`not understood: ${part}`);
    return Array.from({ length: Number(times) + 1 }, (_, index) => Number(from) + index * Number(by));
  });
}

/** What FTL's own alerts see of such a network, minute by minute. */
class Replayed {
  readonly #series: readonly { readonly labels: Record<string, string>; readonly values: (number | null)[] }[];
  readonly #nodes = new Map<string, Scraped>();

  constructor({ input_series: series }: RuleTest) {
    this.#series = series.map(({ series: name, values }) => ({
      labels: { __name__: name.replace(/\{.*/s, ''), ...labelsOf(name) },
      values: valuesOf(values),
    }));
  }

  /** The nodes that are targets then, after a scrape of each. */
  at(minute: number): readonly Scraped[] {
    const now = START + minute * MINUTE;
    const names = new Set(this.#series.map(({ labels }) => labels['node'] ?? ''));
    return [...names].flatMap((name) => {
      const own = this.#series.filter(({ labels }) => labels['node'] === name);
      const up = own.find(({ labels }) => labels['__name__'] === 'up');
      // Who has no `up` in a test is there as long as it tells something.
      const told = (up ?? own[0])?.values[minute];
      if (told === undefined) return [];
      const kind = own[0]?.labels['kind'] === 'orderer' ? 'orderer' : 'peer';
      const target = targetAt(new URL('http://h:1'), name, kind);
      const known = this.#nodes.get(name);
      const history = known?.history ?? new SampleHistory(PANELS, 60, MINUTE);
      const answers = up === undefined ? told !== null : told === 1;
      if (answers) history.add(now, samplesAt(own, minute));
      const since = known?.failure?.since ?? now;
      const failure = answers ? null : { since, code: 'timeout' as const, message: 'no answer' };
      const scraped = { target, history, failure };
      this.#nodes.set(name, scraped);
      return [scraped];
    });
  }
}

function samplesAt(own: readonly { labels: Record<string, string>; values: (number | null)[] }[], minute: number) {
  return own.flatMap(({ labels, values }) => {
    const value = values[minute];
    return labels['__name__'] !== HEIGHT || typeof value !== 'number' ? [] : [{ name: HEIGHT, labels, value }];
  });
}

const TESTS = yamlFiles('prometheus/tests').flatMap(
  (file) => (parse(readFileSync(file, 'utf8')) as { tests: RuleTest[] }).tests,
);

describe('own alerts beside Prometheus’ rules of the same name', () => {
  it('are as patient and as grave', () => {
    expect(SHARED.map(({ alert, for: patience, labels }) => [alert, patience, labels?.['severity']])).toEqual([
      ['FtlPeerDown', `${OWN_ALERTS.downMs / MINUTE}m`, 'critical'],
      ['FtlOrdererDown', `${OWN_ALERTS.downMs / MINUTE}m`, 'critical'],
      ['FtlPeerBehind', `${OWN_ALERTS.behindMs / MINUTE}m`, 'warning'],
    ]);
  });

  const cases = TESTS.filter(({ name }) => SHARED.some(({ alert }) => name.split(' ')[0] === alert));
  it.each(cases.map((one) => [one.name, one] as const))(
    'come to the verdict that the rules’ own test expects: %s',
    async (_, test) => {
      const expected = test.promql_expr_test.flatMap(({ expr, eval_time: time, exp_samples: samples }) => {
        const [, alert] = FIRING.exec(expr) ?? [];
        const nodes = (samples ?? []).map(({ labels }) => labelsOf(labels)['node']);
        return alert === undefined ? [] : [{ alert, minute: Number(time.replace(/m$/, '')), nodes }];
      });
      expect(expected.length).toBeGreaterThan(1);
      const network = new Replayed(test);
      let [nodes, now]: [readonly Scraped[], number] = [[], START];
      const own = new OwnAlerts(
        {},
        { scraped: () => nodes, states: { ofEach: () => Promise.resolve([]), last: () => [] }, now: () => now },
      );
      for (let minute = 0; minute <= Math.max(...expected.map((one) => one.minute)); minute++) {
        nodes = network.at(minute);
        now = START + minute * MINUTE;
        await own.evaluate();
        for (const check of expected.filter((one) => one.minute === minute)) {
          const firing = (await own.active()).filter(({ name }) => name === check.alert).map(({ node }) => node);
          expect({ ...check, nodes: firing }).toEqual(check);
        }
      }
    },
  );
});
