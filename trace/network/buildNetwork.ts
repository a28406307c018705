import type { Identity, PartialIdentity, ParticipantKind } from '../identity.ts';
import type { ChaincodeDefinition, ChannelConfig, StoredRecord } from '../record.ts';
import type { LeaderTerm } from '../store/traceStore.ts';
import { hostName, normaliseAddress } from './address.ts';
import { gossipTerms } from './gossipLeaders.ts';
import { consensusTerms } from './consensusLeaders.ts';
import type { Network, NetworkNode, Subscription } from './network.ts';
import { streamBreaksOf } from './streamBreaks.ts';
import { compare, factsOf, groupFacts, type Group } from './nodeGroups.ts';

/**
 * What the records say about the network itself: who is behind a name, an address or a PKI-ID, who led when, from where a
 * peer pulled, which policy held. Pure; the order of the records and repetitions do not matter.
 */
export function buildNetwork(facts: readonly StoredRecord[]): Network {
  const sorted = sortDistinct(facts);
  const nodes = new NodeDirectory(groupFacts(factsOf(sorted)));
  const byChannel = new Map<string, StoredRecord[]>();
  for (const fact of sorted) {
    const { channel } = fact.record.ftl;
    if (channel === undefined) continue;
    const list = byChannel.get(channel);
    if (list) list.push(fact);
    else byChannel.set(channel, [fact]);
  }
  const channels = new Map<string, ChannelFacts>();
  for (const [channel, records] of byChannel) channels.set(channel, channelFacts(channel, records, nodes));
  return {
    resolve: (partial) => nodes.resolve(partial),
    nodes: nodes.nodes,
    leaders: (channel) => channels.get(channel)?.leaders ?? [],
    subscriptions: (channel) => channels.get(channel)?.subscriptions ?? [],
    definition: (channel, chaincode, block) =>
      lastBelow(channels.get(channel)?.definitions.get(chaincode), block - 1)?.definition ?? null,
    config: (channel, block) => lastBelow(channels.get(channel)?.configs, block)?.config ?? null,
    streamBreaks: streamBreaksOf(sorted, (partial) => nodes.resolve(partial)),
  };
}

interface ChannelFacts {
  readonly leaders: readonly LeaderTerm[];
  readonly subscriptions: readonly Subscription[];
  readonly definitions: ReadonlyMap<string, readonly { block: number; definition: ChaincodeDefinition }[]>;
  readonly configs: readonly { block: number; config: ChannelConfig }[];
}

function sortDistinct(records: readonly StoredRecord[]): StoredRecord[] {
  const byId = new Map<string, StoredRecord>();
  for (const record of records) byId.set(record.id, record);
  return [...byId.values()].toSorted(
    (a, b) => compare(a.record['@timestamp'], b.record['@timestamp']) || compare(a.id, b.id),
  );
}

function channelFacts(channel: string, records: readonly StoredRecord[], nodes: NodeDirectory): ChannelFacts {
  const subscriptions: Subscription[] = [];
  const definitions = new Map<string, { block: number; definition: ChaincodeDefinition }[]>();
  const configs: { block: number; config: ChannelConfig }[] = [];
  for (const { record } of records) {
    const { point, sender, receiver, block, definition, config } = record.ftl;
    if (point === 'deliver.subscribe' && sender && receiver) {
      subscriptions.push({
        peer: nodes.resolve({ kind: 'peer', ...receiver }).id,
        orderer: nodes.resolve({ kind: 'orderer', ...sender }).id,
        from: record['@timestamp'],
        nextBlock: block?.number ?? null,
      });
    } else if (point === 'chaincode.definition' && definition && block) {
      const list = definitions.get(definition.name) ?? [];
      list.push({ block: block.number, definition });
      definitions.set(definition.name, list);
    } else if (point === 'channel.config' && config && block) {
      configs.push({ block: block.number, config });
    }
  }
  for (const list of definitions.values()) {
    list.sort((a, b) => a.block - b.block || a.definition.sequence - b.definition.sequence);
  }
  configs.sort((a, b) => a.block - b.block || a.config.sequence - b.config.sequence);
  const startsOf = (id: string) => nodes.known(id)?.starts ?? [];
  const resolve = (partial: PartialIdentity) => nodes.resolve(partial);
  const leaders = [
    ...gossipTerms(channel, records, resolve, startsOf),
    ...consensusTerms(channel, records, resolve, startsOf, configs.at(-1)?.config),
  ].toSorted((a, b) => compare(a.from, b.from) || compare(a.node, b.node));
  return { leaders, subscriptions: distinctSubscriptions(subscriptions), definitions, configs };
}

function distinctSubscriptions(subscriptions: readonly Subscription[]): Subscription[] {
  const seen = new Map<string, Subscription>();
  for (const item of subscriptions) seen.set(`${item.from} ${item.peer} ${item.orderer} ${item.nextBlock}`, item);
  return [...seen.values()].toSorted((a, b) => compare(a.from, b.from) || compare(a.peer, b.peer));
}

/** The last entry whose block is at most `block`; entries ascend by block. */
function lastBelow<T extends { readonly block: number }>(list: readonly T[] | undefined, block: number): T | undefined {
  if (!list) return undefined;
  for (let at = list.length - 1; at >= 0; at--) if (list[at]!.block <= block) return list[at];
  return undefined;
}

const KINDS_BY_NAME: readonly ParticipantKind[] = ['peer', 'orderer'];

/** Nodes by each of their handles. */
class NodeDirectory {
  readonly nodes: readonly NetworkNode[];
  readonly #byId = new Map<string, NetworkNode>();
  readonly #byFingerprint = new Map<string, NetworkNode>();
  readonly #byPkiId = new Map<string, NetworkNode>();
  readonly #byAddress = new Map<string, NetworkNode>();
  readonly #byName = new Map<ParticipantKind, Map<string, NetworkNode[]>>();
  /** Answers of the slow way by address as written. */
  readonly #addressCache = new Map<string, NetworkNode | null>();

  constructor(groups: readonly Group[]) {
    const addressTimes = new Map<string, string>();
    for (const group of groups) {
      const node = nodeOf(group);
      if (this.#byId.has(node.id)) continue;
      this.#byId.set(node.id, node);
      for (const { fingerprint, pkiId, address, time } of group.facts) {
        if (fingerprint !== undefined) this.#byFingerprint.set(fingerprint, node);
        if (pkiId !== undefined) this.#byPkiId.set(pkiId, node);
        if (address !== undefined && (addressTimes.get(address) ?? '') <= time) {
          addressTimes.set(address, time);
          this.#byAddress.set(address, node);
        }
      }
      const names = this.#byName.get(node.kind) ?? new Map<string, NetworkNode[]>();
      this.#byName.set(node.kind, names);
      for (const name of node.names) names.set(name, [...(names.get(name) ?? []), node]);
    }
    this.nodes = [...this.#byId.values()].toSorted((a, b) => compare(a.id, b.id));
  }

  known(id: string): NetworkNode | undefined {
    return this.#byId.get(id);
  }

  resolve(partial: PartialIdentity): Identity {
    return this.#find(partial) ?? unknownIdentity(partial);
  }

  #find(partial: PartialIdentity): Identity | undefined {
    const { id, fingerprint, pki_id: pkiId, name, address } = partial;
    if (id !== undefined) return this.#byId.get(id);
    if (fingerprint !== undefined) {
      const node = this.#byFingerprint.get(fingerprint);
      if (node) return node;
    }
    if (pkiId !== undefined) {
      const node = this.#byPkiId.get(pkiId);
      if (node) return node;
    }
    if (name !== undefined) {
      const node = this.#named(name, partial);
      if (node) return node;
    }
    if (address === undefined) return undefined;
    const node = this.#at(address);
    return node && fitsNode(node, partial) ? node : this.#hosted(address, partial);
  }

  #named(name: string, partial: PartialIdentity): NetworkNode | undefined {
    for (const kind of partial.kind === undefined ? KINDS_BY_NAME : [partial.kind]) {
      const nodes = this.#byName.get(kind)?.get(name);
      if (!nodes) continue;
      if (nodes.length === 1) return fitsNode(nodes[0]!, partial) ? nodes[0] : undefined;
      const ofMsp = nodes.filter((node) => node.msp === partial.msp);
      return partial.msp !== undefined && ofMsp.length === 1 ? ofMsp[0] : undefined;
    }
    return undefined;
  }

  #at(address: string): NetworkNode | null {
    let node = this.#addressCache.get(address);
    if (node === undefined) {
      const normal = normaliseAddress(address);
      node = (normal === null ? undefined : this.#byAddress.get(normal)) ?? null;
      // Client ports come and go: the cache must not grow with them.
      if (this.#addressCache.size > 10_000) this.#addressCache.clear();
      this.#addressCache.set(address, node);
    }
    return node;
  }

  /** TLS checks that a server's certificate carries its host name, so a host name tells the node where its address does not. */
  #hosted(address: string, partial: PartialIdentity): NetworkNode | undefined {
    const normal = normaliseAddress(address);
    const host = normal === null ? null : hostName(normal);
    return host === null ? undefined : this.#named(host, partial);
  }
}

function fitsNode(node: Identity, partial: PartialIdentity): boolean {
  return (
    (partial.kind === undefined || partial.kind === node.kind) &&
    (partial.msp === undefined || node.msp === null || partial.msp === node.msp)
  );
}

function nodeOf(group: Group): NetworkNode {
  const { facts } = group;
  const latest = <T>(pick: (fact: Group['facts'][number]) => T | undefined): T | undefined =>
    facts.map(pick).findLast((value) => value !== undefined);
  const all = (pick: (fact: Group['facts'][number]) => string | undefined) =>
    [...new Set(facts.map(pick).filter((value) => value !== undefined))].toSorted(compare);
  // A configuration names consenters as their certificates do; a stream may be called after its file.
  const named = facts.findLast((fact) => fact.seat !== undefined && fact.self === undefined)?.name;
  const name = named ?? latest((fact) => fact.self) ?? latest((fact) => fact.name);
  const address = latest((fact) => fact.address);
  const fingerprint = latest((fact) => fact.fingerprint);
  const pkiId = latest((fact) => fact.pkiId);
  const partial = {
    ...(group.id !== undefined && { id: group.id }),
    ...(group.msp !== undefined && { msp: group.msp }),
    ...(name !== undefined && { name }),
    ...(address !== undefined && { address }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(pkiId !== undefined && { pki_id: pkiId }),
    kind: group.kind ?? 'peer',
  };
  return {
    ...unknownIdentity(partial),
    names: all((fact) => fact.name),
    addresses: all((fact) => fact.address),
    pkiId: pkiId ?? null,
    starts: all((fact) => (fact.start ? fact.time : undefined)),
  };
}

/** An identity made of what is known, for a participant that no fact describes. */
export function unknownIdentity(partial: PartialIdentity): Identity {
  const { address, fingerprint } = partial;
  const kind = partial.kind ?? 'client';
  const id = partial.id ?? madeUpId(partial, kind);
  const slash = partial.id?.indexOf('/') ?? -1;
  const msp = partial.msp ?? (slash > 0 ? partial.id!.slice(0, slash) : null);
  if (address === undefined && fingerprint === undefined) return { id, kind, msp };
  return {
    id,
    kind,
    msp,
    ...(address !== undefined && { address }),
    ...(fingerprint !== undefined && { fingerprint }),
  };
}

/** Best handle first. A host name stands for the common name: in practice a node's certificate carries it. */
function madeUpId(partial: PartialIdentity, kind: ParticipantKind): string {
  const { msp, name, address, pki_id: pkiId, fingerprint } = partial;
  const normal = address === undefined ? null : (normaliseAddress(address) ?? address);
  // A bare `peer.id` carries its MSP to be told apart from another organisation's; here that stands before it anyway.
  const bare =
    name !== undefined && msp !== undefined && name.endsWith(`@${msp}`) ? name.slice(0, -msp.length - 1) : name;
  const handle =
    bare ??
    (normal === null ? undefined : (hostName(normal) ?? normal)) ??
    (pkiId === undefined ? undefined : `pki-id ${pkiId.slice(0, 16)}`) ??
    (fingerprint === undefined ? undefined : `certificate ${fingerprint.slice(0, 16)}`) ??
    kind;
  return msp === undefined ? handle : `${msp}/${handle}`;
}
