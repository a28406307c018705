/**
 * The smallest `FABRIC_LOGGING_SPEC` for a Go network that FTL watches, at two levels, and what each part of it adds and costs:
 * for `ftl doctor --logging-spec` and docs/reference/logging-spec.md, which is made from here.
 */

export interface LoggerLevel {
  readonly logger: string;
  readonly level: 'info' | 'debug';
  /** What its lines add to a trace. */
  readonly adds: string;
}

export interface LoggingSpec {
  readonly name: 'recommended' | 'lean debug';
  readonly title: string;
  /** Value of FABRIC_LOGGING_SPEC on every peer. */
  readonly peer: string;
  /** Value of FABRIC_LOGGING_SPEC on every orderer. */
  readonly orderer: string;
  readonly adds: string;
  readonly costs: string;
  readonly loggers: { readonly peer: readonly LoggerLevel[]; readonly orderer: readonly LoggerLevel[] };
}

const PEER_DEBUG: readonly LoggerLevel[] = [
  {
    logger: 'endorser',
    level: 'debug',
    adds: "when a proposal arrived, from which address, the creator's MSP; which proposals were endorsed",
  },
  {
    logger: 'gateway',
    level: 'debug',
    adds: 'which endorsers the gateway called, each with time and status, with the full transaction ID; queries',
  },
  { logger: 'peer.blocksprovider', level: 'debug', adds: 'each block as it arrives from an orderer, and from which' },
  { logger: 'gossip.comm', level: 'debug', adds: 'each block that the peer forwards by gossip, and to whom' },
  {
    logger: 'gossip.gossip',
    level: 'debug',
    adds: 'each block that arrives by gossip, and from whom; certificates behind the peers it meets',
  },
  { logger: 'gossip.state', level: 'debug', adds: 'blocks fetched from another peer when this one fell behind' },
];

const ORDERER_DEBUG: readonly LoggerLevel[] = [
  {
    logger: 'orderer.common.broadcast',
    level: 'debug',
    adds: 'each transaction that reaches this orderer, with its ID and the address it came from, and the answer',
  },
  { logger: 'common.deliver', level: 'debug', adds: 'each block sent out, and to which address' },
];

function specOf(levels: readonly LoggerLevel[]): string {
  return ['info', ...levels.map(({ logger, level }) => `${logger}=${level}`)].join(':');
}

export const LOGGING_SPECS: readonly LoggingSpec[] = [
  {
    name: 'recommended',
    title: 'Recommended: info, with the blocks as a second source',
    peer: 'info',
    orderer: 'info',
    adds:
      'From the logs: who submitted through which gateway to which orderer, chaincode runs with their durations, failed endorsements, ' +
      'blocks made, who leads, from which orderer each peer pulls, every commit with its time, every invalid transaction with its code. ' +
      'From the blocks: transaction IDs and order, creators, endorsers, functions, read and write sets, codes.',
    costs: 'Nothing measurable: info is what a network writes anyway.',
    loggers: { peer: [], orderer: [] },
  },
  {
    name: 'lean debug',
    title: 'Lean debug: the hand-overs that info leaves out',
    peer: specOf(PEER_DEBUG),
    orderer: specOf(ORDERER_DEBUG),
    adds:
      'The times of the hand-overs themselves: proposals in and endorsements out, broadcasts in, blocks out of orderers and into ' +
      'peers, gossip from peer to peer, state transfer.',
    costs:
      'About a fifth of the throughput and twice to three times the log: 373 instead of 465 transactions a second, 3.4 instead of 2.6 CPU-ms ' +
      'a transaction, 20 MB instead of 7 MB a peer for 15,500 transactions (Fabric 3.1.5, two peers and an orderer on two cores, with two more loggers at debug than these). Most of it ' +
      'comes with the first logger at debug, since from then on the process formats every debug message: 398 transactions a second ' +
      'with one that writes almost nothing.',
    loggers: { peer: PEER_DEBUG, orderer: ORDERER_DEBUG },
  },
];

const WIDTH = 100;

/** As a terminal shows it. */
export function loggingSpecText(): string {
  const parts = LOGGING_SPECS.map((spec) =>
    [
      spec.title,
      '',
      `  peers:    FABRIC_LOGGING_SPEC=${spec.peer}`,
      `  orderers: FABRIC_LOGGING_SPEC=${spec.orderer}`,
      '',
      ...wrap(`Adds: ${spec.adds}`),
      ...wrap(`Costs: ${spec.costs}`),
      ...loggerLines('peers', spec.loggers.peer),
      ...loggerLines('orderers', spec.loggers.orderer),
    ].join('\n'),
  );
  return `${parts.join('\n\n')}\n\n${[
    ...wrap(
      'FABRIC_LOGGING_FORMAT=json costs about as much as the console format and keeps microseconds where the console has milliseconds. ' +
        'The level of a running node changes without a restart: PUT {"spec":"…"} to /logspec of its operations endpoint.',
      '',
    ),
  ].join('\n')}\n`;
}

function loggerLines(title: string, loggers: readonly LoggerLevel[]): string[] {
  if (loggers.length === 0) return [];
  const longest = Math.max(...loggers.map(({ logger, level }) => logger.length + level.length + 1));
  return [
    '',
    `  on ${title}:`,
    ...loggers.map(({ logger, level, adds }) => `    ${`${logger}=${level}`.padEnd(longest)}  ${adds}`),
  ];
}

function wrap(text: string, indent = '  '): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length > indent.length && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = indent;
    }
    line += line.length === indent.length ? word : ` ${word}`;
  }
  lines.push(line);
  return lines;
}

/** As the reference page shows it (docs/reference/logging-spec.md). */
export function loggingSpecPage(): string {
  const parts = LOGGING_SPECS.map((spec) =>
    [
      `## ${spec.title}`,
      '',
      '| nodes | `FABRIC_LOGGING_SPEC` |',
      '| --- | --- |',
      `| peers | \`${spec.peer}\` |`,
      `| orderers | \`${spec.orderer}\` |`,
      '',
      `**Adds.** ${spec.adds}`,
      '',
      `**Costs.** ${spec.costs}`,
      ...(spec.loggers.peer.length + spec.loggers.orderer.length === 0
        ? []
        : [
            '',
            '| logger | on | adds |',
            '| --- | --- | --- |',
            ...rows('peers', spec.loggers.peer),
            ...rows('orderers', spec.loggers.orderer),
          ]),
    ].join('\n'),
  );
  return [
    '<!-- Made from collector/decoders/loggingSpec.ts; a test compares the two. -->',
    '# Logging specification for Go nodes',
    '',
    'What to set on an unmodified Go Fabric network so that FTL can trace it; `ftl doctor --logging-spec` prints the same.',
    'Which line becomes which record: [go-fabric-logs.md](../go-fabric-logs.md).',
    '',
    ...parts.flatMap((part) => [part, '']),
    'Both log formats work, with and without colour. `FABRIC_LOGGING_FORMAT=json` keeps microseconds; the console format has milliseconds.',
    'The level of a running node changes without a restart: `PUT {"spec":"…"}` to `/logspec` of its operations endpoint.',
    '',
  ].join('\n');
}

function rows(on: string, loggers: readonly LoggerLevel[]): string[] {
  return loggers.map(({ logger, level, adds }) => `| \`${logger}=${level}\` | ${on} | ${adds} |`);
}
