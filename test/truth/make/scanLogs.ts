import type { RawLine } from './readLogs.ts';

/** What one peer's log shows of blocks. Each rule quotes the text of the line that it stands on. */
export interface PeerScan {
  readonly pkiId: string;
  readonly commits: ReadonlyMap<number, string>;
  /** Blocks that came from an orderer. */
  readonly handled: ReadonlyMap<number, { at: string; orderer: string }>;
  readonly sent: readonly { block: number; to: string; at: string }[];
  readonly received: readonly { block: number; pkiId: string; at: string }[];
  /** Blocks asked for and got: by digest (`pull`) or as missing range (`transfer`). */
  readonly fetched: readonly {
    block: number;
    way: 'pull' | 'transfer';
    from: string;
    at: string;
    respondedAt: string;
  }[];
  /** Orderers that the peer connected to, in order of time. */
  readonly subscribed: readonly { at: string; orderer: string }[];
  readonly leading: readonly { from: string; until: string | null; static: boolean; killed: boolean }[];
}

function numbers(text: string): number[] {
  return text.trim().split(/\s+/).map(Number);
}

export function scanPeer(lines: readonly RawLine[]): PeerScan {
  const commits = new Map<number, string>();
  const handled = new Map<number, { at: string; orderer: string }>();
  const sent: { block: number; to: string; at: string }[] = [];
  const received: { block: number; pkiId: string; at: string }[] = [];
  const fetched: PeerScan['fetched'][number][] = [];
  const subscribed: { at: string; orderer: string }[] = [];
  const leading: { from: string; until: string | null; static: boolean; killed: boolean }[] = [];
  const asked = new Map<string, { to: string; blocks: number[]; at: string }>();
  let pkiId = '';
  let transfer: { from: string; at: string } | null = null;
  let previous = '';
  for (const { logger, msg, at, fields } of lines) {
    let match: RegExpExecArray | null;
    if (logger === 'nodeCmd' && msg.startsWith('Starting peer:')) {
      const term = leading.at(-1);
      if (term?.until === null) Object.assign(term, { until: previous, killed: true });
    }
    previous = at;
    if (logger === 'gossip.gossip' && (match = /self membership of Endpoint: .*PKI-ID: ([0-9a-f]{64})/.exec(msg)))
      pkiId = match[1] as string;
    // The logger matters: gossip.state writes almost the same line at debug.
    else if (logger === 'kvledger' && (match = /^\[mychannel\] Committed block \[(\d+)\]/.exec(msg)))
      commits.set(Number(match[1]), at);
    else if (logger === 'peer.blocksprovider' && (match = /^Handled block (\d+)/.exec(msg)))
      handled.set(Number(match[1]), { at, orderer: fields['orderer-address'] as string });
    else if (logger === 'peer.blocksprovider' && /^(BlockReceiver starting|Pulling next blocks)/.test(msg))
      subscribed.push({ at, orderer: fields['orderer-address'] as string });
    else if (
      logger === 'gossip.comm' &&
      (match = /Sending to (\S+) , msg: .*Block message: \{.*seq: (\d+)\}/.exec(msg))
    )
      sent.push({ block: Number(match[2]), to: match[1] as string, at });
    else if (
      logger === 'gossip.gossip' &&
      (match = /Entering, \S+ ([0-9a-f]{64}) sent us .*Block message: \{.*seq: (\d+)\}/.exec(msg))
    )
      received.push({ block: Number(match[2]), pkiId: match[1] as string, at });
    else if (
      logger === 'gossip.comm' &&
      (match = /Sending to (\S+) , msg: .*data request: nonce: (\d+) , Msg_type: BLOCK_MSG, digests: \[([\d ]+)\]/.exec(
        msg,
      ))
    )
      asked.set(match[2] as string, { to: match[1] as string, blocks: numbers(match[3] as string), at });
    else if (
      logger === 'gossip.gossip' &&
      (match = /sent us .*DataUpdate: Type: BLOCK_MSG, items: \d+, nonce: (\d+)/.exec(msg))
    ) {
      const request = asked.get(match[1] as string);
      for (const block of request?.blocks ?? [])
        fetched.push({ block, way: 'pull', from: request?.to as string, at: request?.at as string, respondedAt: at });
    } else if (logger === 'gossip.state' && (match = /^State transfer, with peer (\S+), requesting blocks/.exec(msg)))
      transfer = { from: match[1] as string, at };
    else if (
      logger === 'gossip.state' &&
      transfer !== null &&
      (match = /^Received payload with sequence number (\d+)/.exec(msg))
    )
      fetched.push({ block: Number(match[1]), way: 'transfer', ...transfer, respondedAt: at });
    else if (logger === 'gossip.service' && msg.startsWith('Elected as a leader'))
      leading.push({ from: at, until: null, static: false, killed: false });
    else if (
      logger === 'deliveryClient' &&
      msg.startsWith('This peer will retrieve blocks from ordering service') &&
      leading.at(-1)?.until !== null
    )
      leading.push({ from: at, until: null, static: true, killed: false });
    else if (logger === 'gossip.service' && msg.startsWith('Stopping leader election')) {
      const term = leading.at(-1);
      if (term?.until === null) term.until = at;
    }
  }
  return { pkiId, commits, handled, sent, received, fetched, subscribed, leading };
}

/** What one log shows of transactions. */
export interface TransactionScan {
  /** `finished chaincode` lines: prefix → chaincode. Channel-less system calls are left out. */
  readonly finished: ReadonlyMap<string, string>;
  /** Prefix → MSP of who signed the proposal. */
  readonly creatorMsp: ReadonlyMap<string, string>;
  /** Full ID → endpoints that this gateway called for endorsement or evaluation, with the answer's status. */
  readonly called: ReadonlyMap<string, ReadonlyMap<string, number | null>>;
  /** Full ID → orderers that this gateway tried, in order of time. */
  readonly submitted: ReadonlyMap<string, readonly { endpoint: string; at: string; failed: boolean }[]>;
  /** Full ID → when this orderer took it in and acknowledged. */
  readonly broadcast: ReadonlyMap<string, readonly { at: string; respondedAt: string | null }[]>;
}

export function scanTransactions(lines: readonly RawLine[]): TransactionScan {
  const finished = new Map<string, string>();
  const creatorMsp = new Map<string, string>();
  const called = new Map<string, Map<string, number | null>>();
  const submitted = new Map<string, { endpoint: string; at: string; failed: boolean }[]>();
  const broadcast = new Map<string, { at: string; respondedAt: string | null }[]>();
  const open = new Map<string, { at: string; respondedAt: string | null }[]>();
  const call = (id: string, endpoint: string, status: number | null) => {
    const calls = called.get(id) ?? new Map<string, number | null>();
    called.set(id, calls.set(endpoint, status ?? calls.get(endpoint) ?? null));
  };
  for (const { logger, msg, at, fields } of lines) {
    const { txID = '', channel = '' } = fields;
    let match: RegExpExecArray | null;
    if (logger === 'endorser' && channel !== '' && (match = /finished chaincode: (\S+) duration/.exec(msg)))
      finished.set(txID, match[1] as string);
    else if (logger === 'endorser' && msg === 'signature is valid' && channel !== '')
      creatorMsp.set(txID, fields.mspID as string);
    else if (logger === 'gateway' && /^Sending to (endorser|peer):/.test(msg))
      call(txID, fields.endpoint as string, null);
    else if (logger === 'gateway' && /^(Endorse|Evaluate) call to endorser returned success/.test(msg))
      call(txID, (fields.endpoint ?? fields.endorserAddress) as string, Number(fields.status));
    else if (logger === 'gateway' && msg.startsWith('Endorse call to endorser failed'))
      call(txID, fields.endorserAddress as string, Number(/chaincode response (\d+)/.exec(fields.error ?? '')?.[1]));
    else if (logger === 'gateway' && msg.startsWith('Sending transaction to orderer'))
      submitted.set(txID, [...(submitted.get(txID) ?? []), { endpoint: fields.endpoint as string, at, failed: false }]);
    else if (logger === 'gateway' && msg.startsWith('Error sending transaction to orderer')) {
      const attempt = submitted.get(txID)?.findLast(({ endpoint }) => endpoint === fields.endpoint);
      if (attempt !== undefined) attempt.failed = true;
    } else if ((match = /Broadcast is processing normal message from (\S+) with txid '(\w+)'/.exec(msg))) {
      const entry = { at, respondedAt: null };
      broadcast.set(match[2] as string, [...(broadcast.get(match[2] as string) ?? []), entry]);
      open.set(match[1] as string, [...(open.get(match[1] as string) ?? []), entry]);
    } else if (
      (match = /Broadcast has successfully enqueued message of type ENDORSER_TRANSACTION from (\S+)/.exec(msg))
    ) {
      const entry = open.get(match[1] as string)?.shift();
      if (entry !== undefined) entry.respondedAt = at;
    }
  }
  return { finished, creatorMsp, called, submitted, broadcast };
}
