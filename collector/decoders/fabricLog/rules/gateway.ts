import type { PartialIdentity } from '#trace/identity.ts';
import type { Entry } from '../entry.ts';
import { errorOf, makeRecord, statusOf, txIdOf, type Fields } from '../record.ts';
import type { LoggerRules, Outcome } from '../rule.ts';
import type { FabricState } from '../state.ts';

/**
 * The gateway service of a peer (2.4 and newer; internal/pkg/gateway): the one place where a stock log names caller, callee and
 * full transaction ID together. Which fields a line has changed over the releases: the endorser stands in `MSPID` and `endpoint`
 * or in `endorserMspid` and `endorserAddress`; channel and chaincode are not on every line.
 */
export const gatewayRules: Readonly<Record<string, LoggerRules>> = {
  gateway: {
    kind: 'peer',
    rules: [
      { starts: 'Sending transaction to orderer', apply: (entry, state) => submit(entry, state, {}) },
      { starts: 'Sending to endorser:', apply: call },
      // 2.4.0 gives the ID here; later releases leave it out, and then the line tells nothing of a transaction.
      { starts: 'Sending to first endorser:', apply: call },
      { starts: 'Endorse call to endorser returned success', apply: result },
      { starts: 'Endorse call to endorser failed', apply: result },
      { starts: 'Endorse call timed out', apply: timedOut },
      { starts: 'Sending to peer:', apply: (entry, state) => evaluate(entry, state, { stage: 'request' }) },
      { starts: 'Evaluate call to endorser returned success', apply: evaluated },
      { starts: 'Evaluate call to endorser failed', apply: evaluated },
      { starts: 'Evaluate call timed out', apply: evaluateTimedOut },
      { starts: 'Error sending transaction to orderer', apply: submitFailed },
      { starts: 'Unsuccessful response sending transaction to orderer', apply: submitRefused },
      { starts: 'Submit call timed out', apply: submitFailed },
      { starts: 'Insufficient number of orderers', apply: submitFailed },
    ],
  },
};

/** Transaction, channel and chaincode, as far as the line has them. Undefined without a transaction ID. */
function subject(entry: Entry): Fields | undefined {
  const txId = txIdOf(entry.field('txID'));
  if (txId === undefined) return undefined;
  const channel = entry.field('channel');
  const chaincode = entry.field('chaincode');
  return {
    ...(channel === undefined || channel === '' ? {} : { channel }),
    tx_id: txId,
    ...(chaincode === undefined || chaincode === '' ? {} : { chaincode }),
  };
}

function endorserOf(entry: Entry): { receiver?: PartialIdentity } {
  const address = entry.field('endpoint') ?? entry.field('endorserAddress');
  const msp = entry.field('MSPID') ?? entry.field('endorserMspid');
  if (address === undefined || address === '') return {};
  return { receiver: { kind: 'peer', address, ...(msp === undefined || msp === '' ? {} : { msp }) } };
}

/** Status and error of an answer. A chaincode's own refusal reads `chaincode response 500, text`; other failures have no status. */
function answerOf(entry: Entry): Fields {
  const status = statusOf(entry.field('status'));
  const error = entry.field('error');
  if (error === undefined) return status === undefined ? {} : { status };
  const refused = statusOf(/^chaincode response (\d+),/.exec(error)?.[1]);
  return { ...(refused === undefined ? {} : { status: refused }), error: errorOf(error) };
}

function call(entry: Entry, state: FabricState): Outcome {
  const about = subject(entry);
  if (about === undefined) return undefined;
  return makeRecord(entry, state, 'endorse.caller', { ...about, sender: state.self(), ...endorserOf(entry) });
}

function result(entry: Entry, state: FabricState): Outcome {
  const about = subject(entry);
  if (about === undefined) return 'unreadable';
  return makeRecord(entry, state, 'endorse.result', {
    ...about,
    sender: state.self(),
    ...endorserOf(entry),
    ...answerOf(entry),
  });
}

/** The gateway gave up collecting endorsements; which endorser was slow is not said. */
function timedOut(entry: Entry, state: FabricState): Outcome {
  const about = subject(entry);
  if (about === undefined) return undefined;
  return makeRecord(entry, state, 'gateway.endorse', {
    ...about,
    receiver: state.self(),
    stage: 'failed',
    error: textOf(entry),
  });
}

function evaluate(entry: Entry, state: FabricState, more: Fields): Outcome {
  const about = subject(entry);
  if (about === undefined) return undefined;
  return makeRecord(entry, state, 'gateway.evaluate', {
    ...about,
    sender: state.self(),
    ...endorserOf(entry),
    ...more,
  });
}

function evaluated(entry: Entry, state: FabricState): Outcome {
  return evaluate(entry, state, { stage: 'response', ...answerOf(entry) });
}

function evaluateTimedOut(entry: Entry, state: FabricState): Outcome {
  return evaluate(entry, state, { stage: 'response', error: textOf(entry) });
}

function submit(entry: Entry, state: FabricState, more: Fields): Outcome {
  const txId = txIdOf(entry.field('txID'));
  if (txId === undefined) return 'unreadable';
  const address = entry.field('endpoint');
  return makeRecord(entry, state, 'gateway.submit', {
    tx_id: txId,
    sender: state.self(),
    ...(address === undefined || address === '' ? {} : { receiver: { kind: 'orderer', address } }),
    ...more,
  });
}

function submitFailed(entry: Entry, state: FabricState): Outcome {
  return submit(entry, state, { stage: 'failed', error: errorOf(entry.field('err') ?? textOf(entry)) });
}

/** common.Status by name, as the gateway logs the orderer's answer. */
const STATUS: Readonly<Record<string, number>> = {
  SUCCESS: 200,
  BAD_REQUEST: 400,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  REQUEST_ENTITY_TOO_LARGE: 413,
  INTERNAL_SERVER_ERROR: 500,
  NOT_IMPLEMENTED: 501,
  SERVICE_UNAVAILABLE: 503,
};

function submitRefused(entry: Entry, state: FabricState): Outcome {
  const name = entry.field('status') ?? '';
  const status = Object.hasOwn(STATUS, name) ? STATUS[name] : statusOf(name);
  const info = entry.field('info');
  return submit(entry, state, {
    stage: 'failed',
    ...(status === undefined ? {} : { status }),
    error: errorOf(info === undefined || info === '' ? name : info),
  });
}

/** The message without the fields that the console format appends. */
function textOf(entry: Entry): string {
  const field = / [A-Za-z]+=/.exec(entry.message);
  return field === null ? entry.message : entry.message.slice(0, field.index);
}
