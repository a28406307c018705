import type { PartialIdentity, ParticipantKind } from '../identity.ts';
import type { StoredRecord } from '../record.ts';
import { normaliseAddress } from './address.ts';

/** What one record says about one participant: handles that belong together. */
export interface Fact {
  readonly time: string;
  readonly recordId: string;
  readonly id: string | undefined;
  readonly kind: ParticipantKind | undefined;
  readonly msp: string | undefined;
  readonly name: string | undefined;
  /** Normalised. */
  readonly address: string | undefined;
  readonly fingerprint: string | undefined;
  readonly pkiId: string | undefined;
  /** Its number among a channel's consenters, `channel/number`: an orderer's log shows it where it shows no certificate. */
  readonly seat: string | undefined;
  /** The node speaks of itself: its stream's own name. */
  readonly self: string | undefined;
  readonly start: boolean;
}

/** Facts that belong to one node. */
export interface Group {
  /** Ascending by time. */
  readonly facts: Fact[];
  /** Proved by a certificate: at most one. */
  id: string | undefined;
  kind: ParticipantKind | undefined;
  msp: string | undefined;
  readonly selves: Set<string>;
}

/** Points whose sender and receiver addresses are listen addresses, not the ephemeral port of a client. */
const LISTEN_ADDRESS_POINTS = new Set(['node.identity', 'node.start']);

/** All facts in the records, sorted so that the order of the records does not matter. */
export function factsOf(records: readonly StoredRecord[]): Fact[] {
  const facts: Fact[] = [];
  for (const { id: recordId, record } of records) {
    const { ftl } = record;
    const listens = LISTEN_ADDRESS_POINTS.has(ftl.point);
    const nodeName = record['service.node.name'];
    const selfKind = record['service.type'] === 'fabric-orderer' ? 'orderer' : 'peer';
    const add = (who: PartialIdentity | undefined, fallbackKind?: ParticipantKind, seat?: string) => {
      if (!who || who.kind === 'client' || who.kind === 'chaincode') return;
      const msp = who.msp ?? mspOf(who.id);
      const name = who.name ?? nameOf(who.id);
      const self = nodeName !== undefined && name === nodeName ? nodeName : undefined;
      const address = listens && who.address !== undefined ? (normaliseAddress(who.address) ?? undefined) : undefined;
      const handles = [who.id, name, address, who.pki_id, who.fingerprint].filter((handle) => handle !== undefined);
      if (handles.length === 0) return;
      facts.push({
        time: record['@timestamp'],
        recordId,
        id: who.id,
        kind: who.kind ?? (self === undefined ? fallbackKind : selfKind),
        msp,
        name,
        address,
        fingerprint: who.fingerprint,
        pkiId: who.pki_id,
        seat,
        self,
        start: ftl.point === 'node.start',
      });
    };
    add(ftl.sender, undefined, ownSeat(ftl));
    add(ftl.receiver);
    for (const { node, name, msp } of ftl.config?.consenters ?? []) {
      if (name !== undefined && ftl.channel !== undefined)
        add({ kind: 'orderer', name, ...(msp !== undefined && { msp }) }, 'orderer', `${ftl.channel}/${node}`);
    }
    for (const endorser of ftl.endorsers ?? []) add(endorser, 'peer');
    for (const signer of ftl.signers ?? []) add(signer, 'orderer');
    // A stream is evidence that its writer exists, even if no line describes it.
    if (nodeName !== undefined) add({ name: nodeName, kind: selfKind });
  }
  return distinct(facts);
}

function ownSeat({ point, channel, consensus }: StoredRecord['record']['ftl']): string | undefined {
  if (point !== 'leader.consensus' && point !== 'node.identity') return undefined;
  return channel === undefined || consensus?.node === undefined ? undefined : `${channel}/${consensus.node}`;
}

const mspOf = (id: string | undefined) => (id?.includes('/') ? id.slice(0, id.indexOf('/')) : undefined);
const nameOf = (id: string | undefined) => (id?.includes('/') ? id.slice(id.indexOf('/') + 1) : undefined);

/** Sorted by time; of equal content only the first and the last, which say from when to when it held. */
function distinct(facts: Fact[]): Fact[] {
  facts.sort((a, b) => compare(a.time, b.time) || compare(a.recordId, b.recordId) || compare(keyOf(a), keyOf(b)));
  const seen = new Map<string, [first: Fact, last: Fact]>();
  const kept = new Set<Fact>();
  for (const fact of facts) {
    const known = seen.get(keyOf(fact));
    if (!known) seen.set(keyOf(fact), [fact, fact]);
    else known[1] = fact;
    if (fact.start) kept.add(fact);
  }
  for (const ends of seen.values()) for (const fact of ends) kept.add(fact);
  return facts.filter((fact) => kept.has(fact));
}

function keyOf(fact: Fact): string {
  const { id, kind, msp, name, address, fingerprint, pkiId, seat, self } = fact;
  return JSON.stringify([id, kind, msp, name, address, fingerprint, pkiId, seat, self].map((part) => part ?? null));
}

export const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Joins facts to nodes. Certificates first (ID, fingerprint, PKI-ID), then names within a kind, then addresses: the weaker
 * handle never joins what the stronger ones keep apart. Facts must be sorted (`factsOf`).
 */
export function groupFacts(facts: readonly Fact[]): Group[] {
  const parent = new Map<Group, Group>();
  const find = (group: Group): Group => {
    let root = group;
    for (let next = parent.get(root); next; next = parent.get(root)) root = next;
    if (root !== group) parent.set(group, root);
    return root;
  };
  const union = (a: Group, b: Group): Group => {
    const [one, other] = [find(a), find(b)];
    if (one === other) return one;
    const [into, from] = one.facts.length < other.facts.length ? [other, one] : [one, other];
    parent.set(from, into);
    for (const fact of from.facts) into.facts.push(fact);
    into.id ??= from.id;
    into.kind ??= from.kind;
    into.msp ??= from.msp;
    for (const self of from.selves) into.selves.add(self);
    return into;
  };
  const groups = facts.map<Group>((fact) => ({
    facts: [fact],
    id: fact.id,
    kind: fact.kind,
    msp: fact.msp,
    selves: new Set(fact.self === undefined ? [] : [fact.self]),
  }));

  const joinBy = (handle: (fact: Fact) => string | undefined, mayJoin: (a: Group, b: Group) => boolean) => {
    const first = new Map<string, Group[]>();
    facts.forEach((fact, at) => {
      const key = handle(fact);
      if (key === undefined) return;
      const candidates = first.get(key) ?? [];
      const match = candidates.find((candidate) => mayJoin(find(candidate), find(groups[at]!)));
      if (match) union(match, groups[at]!);
      else candidates.push(groups[at]!);
      first.set(key, candidates);
    });
  };
  joinBy(
    (fact) => fact.id,
    () => true,
  );
  joinBy((fact) => fact.fingerprint, sameCertificate);
  joinBy((fact) => fact.pkiId, sameCertificate);
  joinBy((fact) => (fact.name === undefined || fact.msp === undefined ? undefined : `${fact.msp}/${fact.name}`), fits);
  joinNames(facts, groups, find, union);
  joinBy((fact) => fact.seat, fits);
  joinAddresses(facts, groups, find, union);
  return [...new Set(groups.map(find))].map((group) => {
    group.facts.sort(
      (a, b) => compare(a.time, b.time) || compare(a.recordId, b.recordId) || compare(keyOf(a), keyOf(b)),
    );
    return group;
  });
}

type Find = (group: Group) => Group;
type Union = (a: Group, b: Group) => Group;

const sameCertificate = (a: Group, b: Group) => a.id === undefined || b.id === undefined || a.id === b.id;

/** Nothing that both know contradicts. */
function fits(a: Group, b: Group): boolean {
  return (
    sameCertificate(a, b) &&
    (a.kind === undefined || b.kind === undefined || a.kind === b.kind) &&
    (a.msp === undefined || b.msp === undefined || a.msp === b.msp)
  );
}

/** A name without MSP joins the one group of that name and kind; two organisations with a `peer0` each leave it alone. */
function joinNames(facts: readonly Fact[], groups: readonly Group[], find: Find, union: Union): void {
  const byName = new Map<string, Set<Group>>();
  facts.forEach((fact, at) => {
    if (fact.name === undefined) return;
    const set = byName.get(fact.name) ?? new Set();
    byName.set(fact.name, set.add(groups[at]!));
  });
  for (const [, members] of [...byName].toSorted(([a], [b]) => compare(a, b))) {
    const roots = new Set([...members].map(find));
    for (const group of roots) {
      if (group.msp !== undefined || find(group) !== group) continue;
      const others = [...roots].filter((other) => find(other) === other && other !== group && fits(other, group));
      const organisations = new Set(others.map((other) => other.msp).filter((msp) => msp !== undefined));
      const kinds = new Set(others.map((other) => other.kind).filter((kind) => kind !== undefined));
      if (organisations.size > 1 || (group.kind === undefined && kinds.size > 1)) continue;
      for (const other of others) if (fits(find(other), find(group))) union(find(other), find(group));
    }
  }
}

/** An address joins whoever held it when; it passes on when a later fact shows another holder. */
function joinAddresses(facts: readonly Fact[], groups: readonly Group[], find: Find, union: Union): void {
  const claims = new Map<string, Group[]>();
  facts.forEach((fact, at) => {
    if (fact.address === undefined) return;
    const list = claims.get(fact.address);
    if (list) list.push(groups[at]!);
    else claims.set(fact.address, [groups[at]!]);
  });
  for (const [, holders] of [...claims].toSorted(([a], [b]) => compare(a, b))) {
    let holder: Group | undefined;
    for (const claimant of holders) {
      if (holder && fits(find(holder), find(claimant)) && oneSelf(find(holder), find(claimant)))
        union(holder, claimant);
      else holder = claimant;
    }
  }
}

/** Two streams with names of their own are two nodes, unless a certificate has joined them already. */
function oneSelf(a: Group, b: Group): boolean {
  if (a === b || a.selves.size === 0 || b.selves.size === 0) return true;
  return [...a.selves].some((self) => b.selves.has(self));
}
