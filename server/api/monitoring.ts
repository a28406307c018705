import type { z } from 'zod';
import type { NodeSummary } from '#trace/store/traceStore.ts';
import { type Alert as ActiveAlert, sortAlerts } from '../monitoring/alerts.ts';
import { type AlertSubject, concerns, subjectOf } from '../monitoring/alertSubject.ts';
import type { NodeHeights } from '../monitoring/heights.ts';
import type { LogSpecChange as HeldChange, LogSpecState as HeldSpec } from '../monitoring/logSpecs.ts';
import type { NodeRef, RangeQuery } from '../monitoring/metricsSource.ts';
import type { NodeState } from '../monitoring/nodeStates.ts';
import type { NodeTarget } from '../monitoring/nodeTarget.ts';
import { requireOperator } from '../principal.ts';
import { ApiProblem } from '../problems.ts';
import {
  ALERT_EXAMPLE,
  HEALTH_EXAMPLE,
  LOG_SPEC_EXAMPLE,
  METRICS_EXAMPLE,
  MONITORING_EXAMPLE,
} from './monitoringExamples.ts';
import {
  AlertList,
  AlertQuery,
  LogSpecChange,
  LogSpecState,
  MonitoringState,
  NodeHealth,
  NodeMetrics,
  NodeMetricsQuery,
  NodeParams,
} from './monitoringSchemas.ts';
import { NoInput } from './noInput.ts';
import { type ApiContext, type Frozen, jsonOperation } from './operation.ts';

const EXAMPLE_NODE = { msp: 'Org1MSP', name: 'peer0.org1.example.com' };
const MINUTE_MS = 60_000;
const USUAL_MS = 15 * MINUTE_MS;
const MAX_RANGE_MS = 7 * 24 * 60 * MINUTE_MS;
const POINTS = 120;
const LEAST_STEP_MS = 5000;
const MAX_ALERTS = 500;

export const getMonitoring = jsonOperation({
  id: 'getMonitoring',
  path: '/api/v1/monitoring',
  tag: 'monitoring',
  summary:
    'Health, version and heights of every node whose operations service is known, and where metrics and alerts come from',
  params: NoInput,
  query: NoInput,
  answer: {
    name: 'MonitoringState',
    schema: MonitoringState,
    description:
      'The nodes as they are now; an answer of theirs is kept for three seconds. Heights are as old as their `at` says',
    example: MONITORING_EXAMPLE,
  },
  problems: ['invalid_request'],
  async handle({ principal }, { monitoring }) {
    const [states, { nodes, minuteAgo }, changes] = await Promise.all([
      monitoring.states.all(),
      monitoring.heights(),
      monitoring.logSpecs.changes(),
    ]);
    return {
      body: {
        metrics: monitoring.source.kind,
        alerts: monitoring.alerts.kind,
        mayChange: principal.role === 'operator',
        items: states.map((state) => healthOf(state, nodes.get(state.target.id), changes.get(state.target.id))),
        channels: Array.from(minuteAgo, ([channel, heightMinuteAgo]) => ({ channel, heightMinuteAgo })).toSorted(
          (a, b) => (a.channel < b.channel ? -1 : 1),
        ),
      },
    };
  },
});

export const getNodeHealth = jsonOperation({
  id: 'getNodeHealth',
  path: '/api/v1/nodes/{msp}/{name}/health',
  tag: 'monitoring',
  summary: 'What a node says of its health, its version, and how far it is',
  params: NodeParams,
  query: NoInput,
  answer: { name: 'NodeHealth', schema: NodeHealth, description: 'As it is now', example: HEALTH_EXAMPLE },
  problems: ['invalid_request', 'node_not_monitored'],
  exampleParams: EXAMPLE_NODE,
  async handle({ params }, { monitoring }) {
    const target = targetOf(params, monitoring);
    const [state, { nodes }, changes] = await Promise.all([
      monitoring.states.of(target),
      monitoring.source.heights([target]),
      monitoring.logSpecs.changes(),
    ]);
    return { body: healthOf(state, nodes.get(target.id), changes.get(target.id)) };
  },
});

export const getNodeMetrics = jsonOperation({
  id: 'getNodeMetrics',
  path: '/api/v1/nodes/{msp}/{name}/metrics',
  tag: 'monitoring',
  summary: 'Metrics of a node over time: processor, memory, block height, durations, buffers',
  description: `From Prometheus where one is configured, else from what FTL itself has read from the node within the last hour. About ${POINTS}
points, the last 15 minutes unless told; rates and means over a minute, or a step where that is longer.`,
  params: NodeParams,
  query: NodeMetricsQuery,
  answer: {
    name: 'NodeMetrics',
    schema: NodeMetrics,
    description: 'Panels with their lines',
    example: METRICS_EXAMPLE,
  },
  problems: ['invalid_request', 'node_not_found', 'monitoring_unavailable'],
  exampleParams: EXAMPLE_NODE,
  async handle({ params, query }, context) {
    const node = await nodeOf(params, context);
    const range = rangeOf(query.from, query.to);
    const { panels, since, problem } = await context.monitoring.source.range(node, range);
    return {
      body: {
        node: node.id,
        source: context.monitoring.source.kind,
        from: isoOf(range.from),
        to: isoOf(range.to),
        stepMs: range.stepMs,
        since: since === null ? null : isoOf(since),
        problem,
        panels: panels.map(({ panel: { id, title, unit, metric }, lines, more }) => ({
          id,
          title,
          unit,
          metric,
          lines,
          more,
        })),
      },
    };
  },
});

const LOG_SPEC_PATH = '/api/v1/nodes/{msp}/{name}/logspec';
const LOG_SPEC_ANSWER = { name: 'LogSpecState', schema: LogSpecState, example: LOG_SPEC_EXAMPLE };

export const getLogSpec = jsonOperation({
  id: 'getLogSpec',
  path: LOG_SPEC_PATH,
  tag: 'monitoring',
  summary: 'What a node logs now',
  params: NodeParams,
  query: NoInput,
  answer: { ...LOG_SPEC_ANSWER, description: 'Its log specification' },
  problems: ['invalid_request', 'node_not_monitored', 'monitoring_unavailable'],
  exampleParams: EXAMPLE_NODE,
  async handle({ params }, { monitoring }) {
    return { body: specOf(await monitoring.logSpecs.read(targetOf(params, monitoring))) };
  },
});

export const putLogSpec = jsonOperation({
  id: 'putLogSpec',
  method: 'put',
  path: LOG_SPEC_PATH,
  tag: 'monitoring',
  summary: 'Let a node log otherwise for a while',
  description: `After so many minutes, and when the server stops, it gets back what it had, unless somebody else has changed it meanwhile. That is
written down before anything is changed, so that it comes back too where the server was killed and started again. Only for operators. Debug costs: on a Go network one logger at debug took 14 % to 20 % of the throughput.`,
  params: NodeParams,
  query: NoInput,
  body: { name: 'LogSpecChange', schema: LogSpecChange, example: { spec: 'gossip=debug:info', minutes: 10 } },
  answer: { ...LOG_SPEC_ANSWER, description: 'What it logs from now on' },
  problems: [
    'invalid_request',
    'log_spec_refused',
    'forbidden',
    'node_not_monitored',
    'body_too_large',
    'body_not_json',
    'monitoring_unavailable',
    'log_spec_not_kept',
  ],
  exampleParams: EXAMPLE_NODE,
  async handle({ params, body, principal }, { monitoring }) {
    requireOperator(principal);
    const target = targetOf(params, monitoring);
    const state = await monitoring.logSpecs.change(target, body.spec, body.minutes * MINUTE_MS, principal.name);
    return { body: specOf(state) };
  },
});

export const deleteLogSpec = jsonOperation({
  id: 'deleteLogSpec',
  method: 'delete',
  path: LOG_SPEC_PATH,
  tag: 'monitoring',
  summary: 'Give a node its log specification back before the time is over',
  params: NodeParams,
  query: NoInput,
  answer: { ...LOG_SPEC_ANSWER, description: 'What it logs from now on' },
  problems: ['invalid_request', 'forbidden', 'node_not_monitored', 'monitoring_unavailable'],
  exampleParams: EXAMPLE_NODE,
  async handle({ params, principal }, { monitoring }) {
    requireOperator(principal);
    return { body: specOf(await monitoring.logSpecs.restore(targetOf(params, monitoring), principal.name)) };
  },
});

export const listAlerts = jsonOperation({
  id: 'listAlerts',
  path: '/api/v1/alerts',
  tag: 'monitoring',
  summary: 'Alerts that fire now, the gravest first',
  description:
    'From Alertmanager; without one from the rules of Prometheus; without that from a few simple rules of FTL: a node that does not answer, is not well, or is behind in height.',
  params: NoInput,
  query: AlertQuery,
  answer: {
    name: 'AlertList',
    schema: AlertList,
    description: 'The alerts',
    example: { source: 'alertmanager', items: [ALERT_EXAMPLE], total: 1 },
  },
  problems: ['invalid_request', 'monitoring_unavailable'],
  exampleQuery: 'node=Org1MSP/peer0.org1.example.com',
  async handle({ query }, context) {
    const { node } = query;
    const { alerts } = context.monitoring;
    const all = await withSubjects(await alerts.active(), context);
    const found = node === undefined ? all : all.filter((alert) => concerns(alert, node));
    return { body: { source: alerts.kind, items: sortAlerts(found).slice(0, MAX_ALERTS), total: found.length } };
  },
});

type Params = z.output<typeof NodeParams>;

function idOf({ msp, name }: Params): string {
  return msp === '-' ? name : `${msp}/${name}`;
}

/** @throws ApiProblem `node_not_monitored` */
function targetOf(params: Params, monitoring: ApiContext['monitoring']): NodeTarget {
  const target = monitoring.target(idOf(params));
  if (target !== null) return target;
  throw new ApiProblem('node_not_monitored', {
    detail: 'Name a file of targets with --operations; it has the form that Prometheus’ file-based discovery reads.',
  });
}

/** Of one that only the traces tell, Prometheus may know more. @throws ApiProblem `node_not_found` */
async function nodeOf(params: Params, { monitoring, store }: ApiContext): Promise<NodeRef> {
  const id = idOf(params);
  const target = monitoring.target(id);
  if (target !== null) return target;
  const known = (await store.nodes()).find((node) => node.id === id);
  if (known === undefined || (known.kind !== 'peer' && known.kind !== 'orderer'))
    throw new ApiProblem('node_not_found');
  return { id, node: params.name, msp: known.msp ?? '', kind: known.kind };
}

/** @throws ApiProblem `invalid_request` */
function rangeOf(fromText: string | undefined, toText: string | undefined): RangeQuery {
  const to = toText === undefined ? undefined : Date.parse(toText);
  const from = fromText === undefined ? (to ?? Date.now()) - USUAL_MS : Date.parse(fromText);
  const until = to ?? (fromText === undefined ? Date.now() : Math.min(Date.now(), from + USUAL_MS));
  const length = until - from;
  if (length <= 0 || length > MAX_RANGE_MS) {
    throw new ApiProblem('invalid_request', {
      detail: 'from must lie before to, by at most 7 days.',
      issues: [{ path: 'from', message: 'must lie before to, by at most 7 days' }],
    });
  }
  const stepMs = Math.max(LEAST_STEP_MS, Math.ceil(length / POINTS / 1000) * 1000);
  return { from, to: until, stepMs };
}

function healthOf(
  state: NodeState,
  known: NodeHeights | undefined,
  change: HeldChange | undefined,
): Frozen<z.output<typeof NodeHealth>> {
  const { target, health, failedChecks, problem, version, checkedAt } = state;
  const { id, node, msp, kind } = target;
  return {
    id,
    node,
    msp,
    kind,
    health,
    failedChecks,
    problem,
    version,
    checkedAt: isoOf(checkedAt),
    heights: (known?.heights ?? []).map(({ channel, height, at }) => ({ channel, height, at: isoOf(at) })),
    heightsProblem: known?.problem ?? null,
    logSpecChange: change === undefined ? null : changeOf(change),
  };
}

function specOf({ spec, change }: HeldSpec): Frozen<z.output<typeof LogSpecState>> {
  return { spec, change: change === null ? null : changeOf(change) };
}

function changeOf(change: HeldChange): Frozen<z.output<typeof LogSpecState>>['change'] {
  return { ...change, until: isoOf(change.until) };
}

/** A bare name may be that of a node that only the traces tell; where these cannot be asked, the alert is told all the same. */
async function withSubjects(
  alerts: readonly ActiveAlert[],
  { monitoring, store }: ApiContext,
): Promise<(ActiveAlert & AlertSubject)[]> {
  const targets = monitoring.targets();
  const isOpen = (alert: ActiveAlert): boolean => alert.node !== null && subjectOf(alert, targets).nodes.length === 0;
  const told = alerts.some(isOpen) ? await store.nodes().catch(() => []) : [];
  const known = [...targets, ...told.flatMap(refOf)];
  return alerts.map((alert) => Object.assign({}, alert, subjectOf(alert, isOpen(alert) ? known : targets)));
}

function refOf({ id, kind, msp }: NodeSummary): NodeRef[] {
  if (kind !== 'peer' && kind !== 'orderer') return [];
  return [{ id, node: id.slice(id.indexOf('/') + 1), msp: msp ?? '', kind }];
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
