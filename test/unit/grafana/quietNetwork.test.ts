import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { recordedBody } from '#test/harness/operationsBodies.ts';
import { findProgram, PROMETHEUS_PACKAGES } from '#test/harness/program.ts';
import { yamlFiles } from '#test/harness/ruleFiles.ts';

const run = promisify(execFile);
const promtool = findProgram('promtool');

/** Scrapes, a quarter of a minute apart. */
const LENGTH = 480;
const EVENT = 260;

/** What becomes of a node at `EVENT`. */
type Fate = 'stays' | 'misses a scrape' | 'is restarted' | 'is no target any more';
interface Node {
  readonly name: string;
  readonly msp: string;
  readonly kind: 'peer' | 'orderer';
  readonly fate: Fate;
  /** Of its organisation or channel. */
  readonly leads: boolean;
}

/** As gauges say it, and counters of what goes on on a network that has nothing to do. */
function seriesOf(node: Node): object[] {
  const labels = `job="fabric",instance="${node.name}",node="${node.name}",msp="${node.msp}",kind="${node.kind}"`;
  const found = [{ series: `up{${labels}}`, values: courseOf(node, { value: 1, after: 1, grows: 0, isUp: true }) }];
  let isGauge = false;
  for (const line of recordedBody(node.kind).split('\n')) {
    isGauge = /^# TYPE \S+ (\S+)/.exec(line)?.[1]?.startsWith('gauge') ?? isGauge;
    const [, name = '', own, text] = /^([a-z]\w*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (text === undefined || !Number.isFinite(Number(text))) continue;
    const isLeader = /^(?:gossip_leader_election_leader|consensus_etcdraft_is_leader)$/.test(name);
    const value = isLeader ? Number(node.leads) : name === 'process_start_time_seconds' ? -90_000 : Number(text);
    const after = name === 'process_start_time_seconds' ? EVENT * 15 : isGauge ? value : 0;
    const grows = name.startsWith('gossip_comm_messages_') ? 3 : 0;
    const series = `${name}{${own === undefined ? '' : `${own},`}${labels}}`;
    found.push({ series, values: courseOf(node, { value, after, grows, isUp: false }) });
  }
  return found;
}

interface Course {
  readonly value: number;
  /** After a restart. */
  readonly after: number;
  readonly grows: number;
  readonly isUp: boolean;
}

function courseOf({ fate }: Node, { value, after, grows, isUp }: Course): string {
  const before = `${value}+${grows}x${EVENT}`;
  const rest = (from: number): string => `${from}+${grows}x${LENGTH}`;
  if (fate === 'misses a scrape') return `${before} ${isUp ? '0' : 'stale'} ${rest(value + grows * (EVENT + 1))}`;
  if (fate === 'is restarted') return `${before} ${isUp ? '0x1' : 'stale _'} ${rest(after)}`;
  if (fate === 'is no target any more') return `${before} stale`;
  return rest(value);
}

const FTL = Object.entries({
  up: 1,
  process_start_time_seconds: -90_000,
  ftl_collector_write_retries_total: 3,
  ftl_collector_missed_files_total: 2,
  ftl_collector_dropped_records_total: 0,
  'ftl_collector_dead_letters_total{code="x"}': 4,
  'ftl_collector_lag_seconds{file="a.log"}': 0,
  'ftl_endorsed_never_ordered{channel="mychannel"}': 40,
  'ftl_partially_committed{channel="mychannel"}': 0,
  'ftl_peer_behind_seconds{channel="mychannel",peer="peer0"}': 0,
}).map(([series, value]) => ({
  series: series.replace(/\{|$/, (found) => `{job="ftl",instance="ftl:3850"${found === '{' ? ',' : '}'}`),
  values: `${value}x${LENGTH}`,
}));

/** What all rules say of such a network, looked at again and again. @throws with what fires, or waits to */
async function nothingFires(nodes: readonly Node[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ftl-quiet-'));
  try {
    const steps = [1, 3, 10, 30, 59, 65, 66, 67, 70, 75, 80, 90, 110].map((minute) => ({
      expr: 'sum by (alertname, node, channel) (ALERTS{alertstate="firing"})',
      eval_time: `${minute}m`,
      exp_samples: [],
    }));
    const file = join(folder, 'test.yml');
    const series = [...nodes.flatMap(seriesOf), ...FTL];
    const test = { interval: '15s', input_series: series, promql_expr_test: steps };
    const rules = yamlFiles('prometheus/rules');
    writeFileSync(file, stringify({ rule_files: rules, evaluation_interval: '15s', tests: [test] }, { lineWidth: 0 }));
    return (await run(promtool!, ['test', 'rules', file])).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const network = (fate: Fate): Node[] => [
  { name: 'peer0.org1', msp: 'Org1MSP', kind: 'peer', fate: 'stays', leads: true },
  { name: 'peer1.org1', msp: 'Org1MSP', kind: 'peer', fate, leads: false },
  { name: 'peer0', msp: 'Org2MSP', kind: 'peer', fate: 'stays', leads: true },
  { name: 'peer0', msp: 'Org3MSP', kind: 'peer', fate: 'stays', leads: true },
  { name: 'orderer0', msp: 'OrdererMSP', kind: 'orderer', fate: 'stays', leads: true },
  { name: 'orderer1', msp: 'OrdererMSP', kind: 'orderer', fate, leads: false },
  { name: 'orderer2', msp: 'OrdererMSP', kind: 'orderer', fate: 'stays', leads: false },
];

describe.skipIf(promtool === null)(
  `a network of Go’s nodes that has nothing to do (skipped where it is not on PATH: ${PROMETHEUS_PACKAGES})`,
  () => {
    it.each(['stays', 'misses a scrape', 'is restarted', 'is no target any more'] as const)(
      'gives no alarm when one of them %s',
      { timeout: 120_000 },
      async (fate) => {
        expect(await nothingFires(network(fate))).toContain('SUCCESS');
      },
    );
  },
);
