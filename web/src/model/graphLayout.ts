import type { Identity, Trace } from '../api/types.ts';
import { mspOf } from './names.ts';

/** Sizes in pixels at zoom 1. */
export const NODE_WIDTH = 126;
export const NODE_HEIGHT = 46;
const COLUMN_PITCH = 246;
const ROW_PITCH = 100;
const BAND_GAP = 34;
const WRAP_AFTER = 6;
interface Placed {
  readonly identity: Identity;
  readonly own: ReadonlySet<string>;
}
/** Gateways first, then by name. */
const byRank = (a: Placed, b: Placed) =>
  Number(b.own.has('gateway')) - Number(a.own.has('gateway')) || (a.identity.id < b.identity.id ? -1 : 1);
const wrap = (count: number) => Math.max(1, Math.ceil(count / WRAP_AFTER));

/** Left to right, the way a transaction takes. */
export const COLUMNS = ['client', 'endorser', 'orderer', 'leader', 'peer'] as const;
export type Column = (typeof COLUMNS)[number];
export type NodeState = 'seen' | 'missing' | 'unobserved';

export interface GraphNode {
  readonly id: string;
  readonly identity: Identity;
  readonly column: Column;
  /** Organisation whose hull holds it; null for those without a known MSP. */
  readonly msp: string | null;
  readonly state: NodeState;
  /** What it did here: `client`, `gateway`, `endorser`, `orderer`, `leader`, `peer`. */
  readonly roles: readonly string[];
  /** Centre. */
  readonly x: number;
  readonly y: number;
}

/**
 * Where each participant stands: columns by what it does first, one horizontal band an organisation (the creator's on top,
 * the ordering service's in the middle). Each participant once, also the missing and the unobserved. Same trace, same places.
 */
export function layoutNodes(trace: Trace): GraphNode[] {
  const identities = identitiesOf(trace);
  const roles = rolesOf(trace);
  const placed = [...identities.values()].map((identity) => {
    const own = roles.get(identity.id) ?? new Set<string>();
    return { identity, own, column: columnOf(identity, own) };
  });
  const present = COLUMNS.filter((column) => placed.some((one) => one.column === column));
  const bands = bandsOf(
    trace,
    placed.map((one) => one.identity),
  );

  // Cells: participants of one band and column, gateways first; a long column wraps into several.
  const cells = new Map<string, typeof placed>();
  for (const one of placed.toSorted(byRank)) {
    const key = `${bandOf(one.identity)}|${one.column}`;
    cells.set(key, [...(cells.get(key) ?? []), one]);
  }
  const cell = (band: string, column: Column) => cells.get(`${band}|${column}`) ?? [];
  const idle = (one: { identity: Identity }) =>
    trace.missing.includes(one.identity.id) || trace.unobserved.includes(one.identity.id);
  // Peers of which nothing came use the leaders' column too, where their organisation has no leader: they need no way.
  const spills = (band: string, column: Column) =>
    column === 'peer' &&
    present.includes('leader') &&
    cell(band, 'leader').length === 0 &&
    cell(band, 'peer').length > 1 &&
    cell(band, 'peer').every(idle);

  const left = new Map<Column, number>();
  let width = 0;
  for (const column of present) {
    left.set(column, width);
    width += Math.max(...bands.map((band) => wrap(cell(band, column).length)));
  }

  const nodes: GraphNode[] = [];
  let top = 0;
  for (const band of bands) {
    const columnsOf = (column: Column) => (spills(band, column) ? 1 : 0) + wrap(cell(band, column).length);
    const rows = Math.max(1, ...present.map((column) => Math.ceil(cell(band, column).length / columnsOf(column))));
    for (const column of present) {
      const members = cell(band, column);
      const columns = columnsOf(column);
      const first = (left.get(column) ?? 0) - (spills(band, column) ? 1 : 0);
      const perColumn = Math.ceil(members.length / columns);
      members.forEach(({ identity, own }, index) => {
        // A short column stands in the middle of its band, but the way in stays level.
        const lift = column === 'client' || column === 'endorser' ? 0 : (rows - perColumn) / 2;
        nodes.push({
          id: identity.id,
          identity,
          column,
          msp: identity.msp,
          state: trace.missing.includes(identity.id)
            ? 'missing'
            : trace.unobserved.includes(identity.id)
              ? 'unobserved'
              : 'seen',
          roles: [...own],
          x: (first + Math.floor(index / perColumn)) * COLUMN_PITCH,
          y: top + (lift + (index % perColumn)) * ROW_PITCH,
        });
      });
    }
    top += rows * ROW_PITCH + BAND_GAP;
  }
  return nodes;

  function bandOf(identity: Identity): string {
    // Who has no MSP (a client that only an address gives away) stands beside the first organisation, outside its hull.
    return identity.msp ?? bands[0] ?? '';
  }
}

/** Everybody whom the trace names as a node, each once: participants, ends of edges, missing and unobserved peers. */
export function identitiesOf(trace: Trace): Map<string, Identity> {
  const found = new Map(trace.participants.map((participant) => [participant.id, participant]));
  const orderers = new Set(
    trace.edges.flatMap((edge) =>
      edge.point === 'broadcast' ? [edge.to] : edge.point === 'deliver' && edge.from !== null ? [edge.from] : [],
    ),
  );
  const others = [
    ...trace.edges.flatMap((edge) => (edge.from === null ? [edge.to] : [edge.from, edge.to])),
    ...trace.missing,
    ...trace.unobserved,
  ];
  for (const id of others) {
    if (found.has(id)) continue;
    found.set(id, {
      id,
      kind: orderers.has(id) ? 'orderer' : 'peer',
      msp: mspOf(id),
    });
  }
  return found;
}

function rolesOf(trace: Trace): Map<string, Set<string>> {
  const roles = new Map<string, Set<string>>();
  const add = (id: string | null, role: string) => {
    if (id === null) return;
    const own = roles.get(id) ?? new Set<string>();
    roles.set(id, own.add(role));
  };
  const clients = new Set(trace.participants.filter((one) => one.kind === 'client').map((one) => one.id));
  for (const edge of trace.edges) {
    if (edge.point === 'gateway') add(edge.to, 'gateway');
    if ((edge.point === 'endorse' || edge.point === 'broadcast') && edge.from !== null && !clients.has(edge.from)) {
      add(edge.from, 'gateway');
    }
    if (edge.point === 'endorse') add(edge.to, 'endorser');
    if (edge.point === 'deliver') add(edge.to, 'leader');
  }
  return roles;
}

function columnOf(identity: Identity, roles: ReadonlySet<string>): Column {
  if (identity.kind === 'client') return 'client';
  if (identity.kind === 'orderer') return 'orderer';
  if (identity.kind === 'chaincode' || roles.has('gateway') || roles.has('endorser')) return 'endorser';
  return roles.has('leader') ? 'leader' : 'peer';
}

function bandsOf(trace: Trace, identities: readonly Identity[]): string[] {
  const ordering = new Set<string>();
  const others = new Set<string>();
  for (const identity of identities) {
    if (identity.msp === null) continue;
    (identity.kind === 'orderer' ? ordering : others).add(identity.msp);
  }
  const creator = identities.find((identity) => identity.id === trace.creator)?.msp ?? null;
  const first = (a: string, b: string) => Number(b === creator) - Number(a === creator) || (a < b ? -1 : 1);
  const list = [...others].toSorted(first);
  const middle = [...ordering].filter((msp) => !others.has(msp)).toSorted(first);
  const bands = list.toSpliced(Math.max(1, Math.floor(list.length / 2)), 0, ...middle);
  return bands.length === 0 ? [''] : bands;
}
