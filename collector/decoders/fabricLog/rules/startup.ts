import { parse } from 'yaml';
import type { PartialIdentity } from '#trace/identity.ts';
import type { TraceRecord } from '#trace/record.ts';
import type { Entry } from '../entry.ts';
import { isReachable, makeRecord } from '../record.ts';
import type { LoggerRules, Outcome } from '../rule.ts';
import type { FabricState } from '../state.ts';

/** What a node says about itself when it starts: its name, MSP, addresses and release. */
export const startupRules: Readonly<Record<string, LoggerRules>> = {
  nodeCmd: {
    kind: 'peer',
    rules: [
      { starts: 'Starting peer:', multiline: true, apply: started },
      { starts: 'Peer config with combined core.yaml settings', multiline: true, apply: peerConfig },
      { starts: 'Started peer with ID=[', apply: peerStarted },
    ],
  },
  'orderer.common.server': {
    kind: 'orderer',
    rules: [
      { starts: 'Orderer config values:', multiline: true, apply: ordererConfig },
      { starts: 'Starting orderer:', multiline: true, apply: started },
    ],
  },
};

function started(entry: Entry, state: FabricState): Outcome {
  state.restarted();
  const version = /^ ?Version: (\S{1,64})/m.exec(entry.message)?.[1];
  state.start = {
    time: entry.time,
    level: entry.level,
    logger: entry.logger,
    ...(version === undefined ? {} : { version }),
  };
  // A peer says who it is only afterwards: the start then waits for that.
  return state.isNamed ? startRecords(state) : undefined;
}

/** The start that waited for its writer's name. */
export function startRecords(state: FabricState): TraceRecord[] {
  const { start } = state;
  if (start === undefined) return [];
  state.start = undefined;
  return [
    makeRecord(start, state, 'node.start', {
      sender: state.self(),
      ...(start.version === undefined ? {} : { node_version: start.version }),
    }),
  ];
}

/** One record for each distinct address, all with the same name; a fact that this stream has told before is left out. */
function identities(
  entry: Entry,
  state: FabricState,
  identity: PartialIdentity,
  addresses: readonly string[],
): TraceRecord[] {
  const reachable = [...new Set(addresses)].filter(isReachable);
  const records: TraceRecord[] = [];
  for (const address of reachable.length === 0 ? [undefined] : reachable) {
    const fact = address === undefined ? identity : { ...identity, address };
    const key = `${fact.kind ?? ''}:${fact.msp ?? ''}/${fact.name ?? ''}@${address ?? ''}`;
    if (state.isNew(key)) records.push(makeRecord(entry, state, 'node.identity', { sender: fact }));
  }
  return records;
}

function peerConfig(entry: Entry, state: FabricState): Outcome {
  const peer = peerSection(entry.message);
  if (peer === undefined) return 'unreadable';
  // 2.2 prints the file as it is, without what the environment sets instead: others' names and addresses.
  if (at(peer, 'localMspId') !== undefined) return undefined;
  const msp = textAt(peer, 'localmspid');
  const name = nodeName(textAt(peer, 'id'), msp, textAt(peer, 'gossip', 'externalendpoint') ?? textAt(peer, 'address'));
  if (name !== undefined) state.learnName(name);
  const addresses = [
    textAt(peer, 'address'),
    textAt(peer, 'gossip', 'externalendpoint'),
    textAt(peer, 'gossip', 'endpoint'),
  ];
  const identity = { ...state.self(), kind: 'peer' as const, ...(msp === undefined ? {} : { msp }) };
  return [
    ...startRecords(state),
    ...identities(
      entry,
      state,
      identity,
      addresses.filter((text) => text !== undefined),
    ),
  ];
}

/** `peer.id` as the sample configuration has it: many never change it. */
const SAMPLE_ID = 'jdoe';

/**
 * What a stream is called after its peer's start: a name that no other node of the network has. `peer.id` is that if it is
 * qualified (`peer0.org1.example.com`); every organisation may have a `peer0`, so a bare one is told apart by the MSP; the
 * sample's stands for nobody, and the peer's own host name does instead, if it has one.
 */
function nodeName(id: string | undefined, msp: string | undefined, address: string | undefined): string | undefined {
  const host = /^([a-z][a-z\d.-]*):\d+$/i.exec(address ?? '')?.[1];
  const hostName = host === undefined || host === 'localhost' ? undefined : host;
  if (id === undefined || id === SAMPLE_ID) return hostName;
  if (id.includes('.') || id === hostName) return id;
  if (hostName?.startsWith(`${id}.`)) return hostName;
  return `${id}@${msp ?? address ?? ''}`;
}

/** Several times the section as it is by default. */
const MAX_SECTION = 32_000;

/** The `peer:` section of the dump; the rest is not parsed, since a peer writes whatever stands in its configuration. */
function peerSection(message: string): unknown {
  const start = message.indexOf('\npeer:');
  if (start < 0) return undefined;
  const lines = message.slice(start + 1, start + MAX_SECTION).split('\n');
  const end = lines.findIndex((line, index) => index > 0 && /^\S/.test(line));
  try {
    const parsed: unknown = parse(lines.slice(0, end < 0 ? undefined : end).join('\n'), { maxAliasCount: 0 });
    return at(parsed, 'peer');
  } catch {
    return undefined;
  }
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let inner = value;
  for (const key of path) inner = at(inner, key);
  return typeof inner === 'string' && inner !== '' && inner.length <= 300 ? inner : undefined;
}

/** In case the dump is missing (2.2 has no usable one), switched off, or cut away with the log's beginning. */
function peerStarted(entry: Entry, state: FabricState): Outcome {
  const match = /^Started peer with ID=\[([^\]]*)\], network ID=\[[^\]]*\], address=\[([^\]]*)\]/.exec(entry.message);
  if (match === null) return 'unreadable';
  if (state.isNamed) return undefined;
  const name = nodeName(match[1], undefined, match[2]);
  if (name !== undefined) state.learnName(name);
  // What gossip said of the peer before its name was known.
  const { pki_id: pkiId, address } = state.membership ?? {};
  const identity = { ...state.self(), kind: 'peer' as const, ...(pkiId === undefined ? {} : { pki_id: pkiId }) };
  return [
    ...startRecords(state),
    ...identities(entry, state, identity, address === undefined ? [match[2] as string] : [address, match[2] as string]),
  ];
}

function ordererConfig(entry: Entry, state: FabricState): Outcome {
  const values = new Map<string, string>();
  for (const [, key, value] of entry.message.matchAll(/^[ \t]*General\.([\w.]+) = "?([^"\n]*?)"?$/gm)) {
    if (key !== undefined && value !== undefined) values.set(key, value);
  }
  const msp = values.get('LocalMSPID');
  if (msp === undefined) return 'unreadable';
  // The folder that cryptogen, the CA client and most tools make for an orderer is named after its certificate.
  const paths = [values.get('LocalMSPDir'), values.get('TLS.Certificate'), values.get('Cluster.ClientCertificate')];
  const name = paths
    .map((path) => /[/\\]orderers[/\\]([^/\\]+)[/\\]/.exec(`${path ?? ''}/`)?.[1])
    .find((text) => text !== undefined);
  if (name !== undefined) state.learnName(name);
  const identity = { ...state.self(), kind: 'orderer' as const, ...(msp === '' ? {} : { msp }) };
  const address = `${values.get('ListenAddress') ?? ''}:${values.get('ListenPort') ?? ''}`;
  return [...startRecords(state), ...identities(entry, state, identity, address.startsWith(':') ? [] : [address])];
}
