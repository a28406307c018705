import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importAll } from '#collector/collector.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { Trace } from '#trace/trace.ts';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { beforeAll, describe, expect, it } from 'vitest';
import { CHANNEL, LiveNetwork } from '../harness/liveNetwork.ts';
import { allTraces, traceRecording } from '../truth/measure.ts';
import { type Kind, type Sent, SENDERS } from './faultyTransactions.ts';

const VECTORS = join(import.meta.dirname, '../vectors');

type Recording = 'fabric-v3.1.5' | 'fabric-v2.5.9' | 'field-two-channels';

/** What became of a transaction, and what its trace says of it. */
interface Shape {
  readonly code: string | null;
  /** Codes of its copies. */
  readonly duplicates: readonly (string | null)[];
  /** `code severity`. */
  readonly findings: readonly string[];
}

/** Nobody was asked to order it. */
const NOTHING = /^$/;

/** Kinds that Go networks were recorded with: the recording's step, the outcome by which its transactions of this kind are known. */
const RECORDED: readonly {
  readonly recording: Recording;
  readonly step: string;
  readonly outcome: readonly (string | null)[];
  readonly kinds: Partial<Readonly<Record<Kind, RegExp>>>;
}[] = [
  {
    recording: 'fabric-v3.1.5',
    step: 'cli-invoke',
    outcome: ['VALID'],
    kinds: { 'a transaction as it should be': /^VALID$/ },
  },
  { recording: 'field-two-channels', step: 'private', outcome: ['VALID'], kinds: { 'private data': /^VALID$/ } },
  { recording: 'fabric-v3.1.5', step: 'evaluate', outcome: [null], kinds: { 'a query': NOTHING } },
  { recording: 'fabric-v2.5.9', step: 'warm-up', outcome: [null], kinds: { 'endorsed and not sent': NOTHING } },
  {
    recording: 'fabric-v3.1.5',
    step: 'mvcc-conflict',
    outcome: ['MVCC_READ_CONFLICT'],
    kinds: {
      'read what another changed in the meantime': /^MVCC_READ_CONFLICT$/,
      'read what another changed in the same block': /^MVCC_READ_CONFLICT$/,
    },
  },
  {
    recording: 'field-two-channels',
    step: 'phantom',
    outcome: ['PHANTOM_READ_CONFLICT'],
    kinds: {
      'asked for a range to which another added': /^PHANTOM_READ_CONFLICT$/,
      'asked for a range from which another took': /^PHANTOM_READ_CONFLICT$/,
    },
  },
  {
    recording: 'fabric-v3.1.5',
    step: 'endorsement-policy-failure',
    outcome: ['ENDORSEMENT_POLICY_FAILURE'],
    // To a Go peer these are one kind: whoever's signature does not hold, or holds for something else, has not endorsed.
    kinds: {
      'endorsed by one organisation': /^ENDORSEMENT_POLICY_FAILURE$/,
      'endorsed twice by one organisation': /^ENDORSEMENT_POLICY_FAILURE$/,
      'endorsed with different results': /^ENDORSEMENT_POLICY_FAILURE$/,
      'a forged endorsement': /^ENDORSEMENT_POLICY_FAILURE$/,
      'an endorser that nobody knows': /^ENDORSEMENT_POLICY_FAILURE$/,
      'a forged result': /^ENDORSEMENT_POLICY_FAILURE$/,
    },
  },
  {
    recording: 'fabric-v3.1.5',
    step: 'duplicate-txid',
    outcome: ['VALID', 'DUPLICATE_TXID'],
    kinds: { 'sent twice': /^VALID$/ },
  },
  {
    recording: 'field-two-channels',
    step: 'duplicate txid',
    outcome: ['VALID', 'DUPLICATE_TXID', 'DUPLICATE_TXID'],
    kinds: { 'sent three times at once': /^VALID$/ },
  },
  {
    recording: 'fabric-v3.1.5',
    step: 'chaincode-error',
    outcome: [null],
    // Proposals that end with an error of the peer: the status is 500 as well.
    kinds: {
      'refused by the chaincode': /^no such asset; no such asset$/,
      'for a chaincode that is not there': /^make sure the chaincode nowhere has been successfully defined on channel/,
      'whose chaincode dies': /^error in simulation: failed to execute transaction \w+: .*stream terminated/,
      'whose chaincode hangs':
        /^error in simulation: failed to execute transaction \w+: .*timeout expired while executing/,
      "a proposal with somebody else's signature": /access denied: channel \[mychannel\] creator org \[Org1MSP\]/,
      'a proposal of a stranger': /access denied: channel \[mychannel\] creator org unknown, creator is malformed/,
      'a proposal of a client whose certificate has expired': /proposal client identity expired/,
      'a proposal of a client who was revoked': /access denied: channel \[mychannel\] creator org/,
    },
  },
  {
    recording: 'fabric-v3.1.5',
    step: 'CONFIG',
    outcome: ['VALID'],
    kinds: { 'a change of the configuration': /^VALID$/ },
  },
];

const FORBIDDEN = /^FORBIDDEN: .*permission denied$/;
const invalid = (code: string): Shape => ({ code, duplicates: [], findings: ['invalid_transaction error'] });
const REJECTED: Shape = { code: null, duplicates: [], findings: ['rejected_by_orderer error'] };
const ENDORSED_AND_REJECTED: Shape = {
  ...REJECTED,
  findings: ['never_ordered warning', 'rejected_by_orderer error'],
};

/** Kinds of which no recording is at hand: what Fabric's source says (core/common/validation, orderer/common/msgprocessor, core/endorser). */
const UNRECORDED: Partial<Readonly<Record<Kind, readonly [RegExp, Shape]>>> = {
  'other arguments than were endorsed': [/^INVALID_ENDORSER_TRANSACTION$/, invalid('INVALID_ENDORSER_TRANSACTION')],
  'a transaction ID of its own choice': [/^BAD_PROPOSAL_TXID$/, invalid('BAD_PROPOSAL_TXID')],
  'of a kind that peers do not know': [/^BAD_COMMON_HEADER$/, invalid('BAD_COMMON_HEADER')],
  'proposed again when it was in the ledger': [
    /duplicate transaction found \[\w+\]/,
    { code: 'VALID', duplicates: [], findings: ['endorsement_failed warning'] },
  ],
  'refused by one of two': [
    /^not at Org2MSP$/,
    {
      code: null,
      duplicates: [],
      findings: ['endorsement_failed error', 'endorsements_differ warning', 'never_ordered warning'],
    },
  ],
  "a transaction with somebody else's signature": [FORBIDDEN, ENDORSED_AND_REJECTED],
  'a transaction of a stranger': [FORBIDDEN, REJECTED],
  'a transaction of a client whose certificate has expired': [
    /^BAD_REQUEST: broadcast client identity expired$/,
    REJECTED,
  ],
  'a transaction of a client who was revoked after its endorsement': [FORBIDDEN, ENDORSED_AND_REJECTED],
  'larger than the orderer takes': [
    /^BAD_REQUEST: message payload is \d+ bytes and exceeds maximum allowed 500000 bytes$/,
    ENDORSED_AND_REJECTED,
  ],
};

/** That depend on how fast a machine is, and nothing else. */
const OF_TIME = new Set(['slow_stage', 'clock_skew']);

function shapeOf({ code, duplicates, findings }: Trace): Shape {
  return {
    code,
    duplicates: duplicates.map((copy) => copy.code),
    findings: findings
      .filter((finding) => !OF_TIME.has(finding.code))
      .map((finding) => `${finding.code} ${finding.severity}`)
      .toSorted(),
  };
}

const stepsOf = new Map<Recording, ReadonlyMap<string, string>>();
const tracesOf = new Map<Recording, readonly Trace[]>();

/** Every shape that a Go network's transactions of a kind have. */
async function recordedShapes(recording: Recording, step: string, outcome: readonly unknown[]): Promise<Shape[]> {
  const folder = join(VECTORS, recording);
  const traces = tracesOf.get(recording) ?? (await traceRecording(folder, { logs: 'all', blocks: true })).traces;
  tracesOf.set(recording, traces);
  const steps = stepsOf.get(recording) ?? readSteps(folder);
  stepsOf.set(recording, steps);
  const shapes = traces
    .filter((trace) => (trace.type === 'CONFIG' ? 'CONFIG' : stepOf(trace, steps)) === step)
    .map(shapeOf)
    .filter(({ code, duplicates }) => JSON.stringify([code, ...duplicates]) === JSON.stringify(outcome));
  return [...new Map(shapes.map((shape) => [JSON.stringify(shape), shape])).values()];
}

/** Of what was never ordered, a log shows the ID's beginning only. */
function stepOf({ txId, txIdPrefix }: Trace, steps: ReadonlyMap<string, string>): string | undefined {
  if (txIdPrefix === undefined) return steps.get(txId);
  return [...steps].find(([id]) => id.startsWith(txIdPrefix))?.[1];
}

function readSteps(folder: string): ReadonlyMap<string, string> {
  interface One {
    readonly txId: string;
    readonly step?: string;
  }
  const scenario = JSON.parse(readFileSync(join(folder, 'scenario.json'), 'utf8')) as {
    readonly steps?: readonly { readonly step: string; readonly transactions: readonly One[] }[];
    readonly transactions?: readonly One[];
  };
  const all = [
    ...(scenario.transactions ?? []),
    ...(scenario.steps ?? []).flatMap(({ step, transactions }) => transactions.map((one) => ({ ...one, step }))),
  ];
  return new Map(all.map(({ txId, step }) => [txId, step as string]));
}

interface Found {
  readonly sent: Sent;
  readonly trace: Trace;
}

/** Sends one of each kind on a live network; what its nodes wrote down and its blocks become traces. */
async function live(): Promise<ReadonlyMap<Kind, Found>> {
  await using network = await LiveNetwork.start({
    peers: { 'chaincode.executetimeout': '2s' },
    batch: { absoluteMaxBytes: 500_000, preferredMaxBytes: 400_000 },
  });
  const sent = new Map<Kind, Sent>();
  for (const [kind, send] of Object.entries(SENDERS)) {
    sent.set(kind as Kind, await send(network));
  }
  const blocks = join(network.folder.path, 'blocks');
  mkdirSync(blocks);
  for (const { number, bytes } of await network.blocks()) {
    writeFileSync(join(blocks, `${CHANNEL}_${number}.pb`), bytes);
  }
  // All records are written when the nodes have ended.
  await network.down();
  const store = await openStore(`sqlite:${join(network.folder.path, 'ftl.db')}`);
  try {
    const { errors, deadLetters } = await importAll(
      { paths: [network.folder.records, blocks] },
      { store, logger: pino({ level: 'silent' }), registry: new Registry() },
    );
    expect({ errors, deadLetters }).toEqual({ errors: [], deadLetters: 0 });
    const traces = new Map((await allTraces(store)).map((trace) => [trace.txId, trace]));
    return new Map(
      [...sent].map(([kind, one]) => {
        const trace = traces.get(one.txId);
        if (trace === undefined) throw new Error(`no trace of ${one.txId}: ${kind}`);
        return [kind, { sent: one, trace }];
      }),
    );
  } finally {
    await store.close();
  }
}

describe('transactions of every kind', () => {
  let found: ReadonlyMap<Kind, Found>;
  beforeAll(async () => {
    found = await live();
  });

  it.each(
    RECORDED.flatMap(({ recording, step, outcome, kinds }) =>
      Object.entries(kinds).map(([kind, told]) => ({ kind: kind as Kind, told, recording, step, outcome })),
    ),
  )('$kind: as on a Go network ($recording, $step)', async ({ kind, told, recording, step, outcome }) => {
    const expected = await recordedShapes(recording, step, outcome);
    expect(expected, 'kinds in the recording').toHaveLength(1);
    const { sent, trace } = found.get(kind) as Found;
    expect(sent.told).toMatch(told);
    expect(shapeOf(trace)).toEqual(expected[0]);
  });

  it.each(Object.entries(UNRECORDED))('%s: as Fabric decides', (kind, [told, shape]) => {
    const { sent, trace } = found.get(kind as Kind) as Found;
    expect(sent.told).toMatch(told);
    expect(shapeOf(trace)).toEqual(shape);
  });

  it('are all compared', () => {
    const compared = [...RECORDED.flatMap(({ kinds }) => Object.keys(kinds)), ...Object.keys(UNRECORDED)];
    expect(compared.toSorted()).toEqual(Object.keys(SENDERS).toSorted());
  });
});
