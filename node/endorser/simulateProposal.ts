import { ChaincodeError } from '#node/chaincode/chaincodeError.ts';
import type { ChaincodeResult } from '#node/chaincode/chaincodeSupport.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import type { PeerChannel } from '#node/peer/peerChannel.ts';
import type { ChaincodeEventMessage } from '#node/protos/shimMessages.ts';
import type { ResponseMessage } from '#node/protos/transactionMessages.ts';
import { chaincodeInterest } from './chaincodeInterest.ts';
import type { CheckedProposal } from './checkProposal.ts';
import { prefixed } from './endorserError.ts';
import { type Execution, type ExecutionModules, executeChaincode, findChaincode } from './executeChaincode.ts';
import { assemblePrivateData, type EndorsedPrivateData, type ImplicitCollectionOptions } from './privateData.ts';

/** From here on a response says that the chaincode refuses (Fabric, `shim.ERRORTHRESHOLD`). */
export const ERROR_THRESHOLD = 400;

/** System chaincodes that look at ledgers from outside: they get no simulator. */
export const WITHOUT_SIMULATOR: ReadonlySet<string> = new Set(['cscc', 'qscc']);
const NOTHING = new Uint8Array(0);

/** What a proposal came to. */
export interface SimulatedProposal {
  readonly proposal: CheckedProposal;
  /** Of the chaincode, as it is defined. */
  readonly version: string;
  readonly endorsementPlugin: string;
  readonly response: ResponseMessage;
  readonly event: ChaincodeEventMessage | null;
  /** Serialised `rwset.TxReadWriteSet`; empty where there was nothing to simulate on. */
  readonly results: Uint8Array;
  /** Whether it would change anything, public or private. */
  readonly wrote: boolean;
  /** Null where nothing private was written, or the chaincode refused. */
  readonly privateData: EndorsedPrivateData | null;
  /** Serialised `protos.ChaincodeInterest`; null without a simulation. */
  readonly interest: Uint8Array | null;
}

/** Who asked, and until when it matters. */
export type Asked = Pick<Execution, 'caller' | 'signal' | 'traceparent'>;

/**
 * Runs the chaincode and takes down what it did. Changes nothing.
 * @param channel null for a proposal outside any channel
 * @throws EndorserError `not_defined`, `simulation` …
 */
export async function simulateProposal(
  proposal: CheckedProposal,
  channel: PeerChannel | null,
  asked: Asked,
  options: { readonly implicitCollections: ImplicitCollectionOptions },
  modules: ExecutionModules,
): Promise<SimulatedProposal> {
  const { chaincode, channelId, txId, input, signedProposal } = proposal;
  const simulator = channel === null || WITHOUT_SIMULATOR.has(chaincode) ? null : await channel.simulator(txId);
  try {
    const runnable = await findChaincode(chaincode, channelId, simulator, modules).catch((error: unknown) => {
      const prefix = `make sure the chaincode ${chaincode} has been successfully defined on channel ${channelId} and try again`;
      throw prefixed(prefix, error, 'not_defined');
    });
    const history = channel?.ledger.history ?? null;
    const execution = { ...asked, channelId, txId, chaincode, input, signedProposal, simulator, history };
    try {
      const { response, event } = await executed(execution, () => executeChaincode(execution, runnable, modules));
      const refused = response.status >= ERROR_THRESHOLD;
      const results = await takeResults(simulator, channel, proposal, refused, options, modules);
      const { version, endorsementPlugin } = runnable;
      return { proposal, version, endorsementPlugin, response, event: refused ? null : event, ...results };
    } catch (error) {
      throw prefixed('error in simulation', error, 'simulation');
    }
  } finally {
    await simulator?.done();
  }
}

async function executed(
  { txId }: Pick<Execution, 'txId'>,
  run: () => Promise<ChaincodeResult>,
): Promise<ChaincodeResult> {
  try {
    return await run();
  } catch (error) {
    // What the chaincode itself called a failure is told as it is.
    if (error instanceof ChaincodeError && error.code === 'failed') {
      throw error;
    }
    throw prefixed(`failed to execute transaction ${txId}`, error, 'simulation');
  }
}

async function takeResults(
  simulator: TxSimulator | null,
  channel: PeerChannel | null,
  { txId }: CheckedProposal,
  refused: boolean,
  options: { readonly implicitCollections: ImplicitCollectionOptions },
  { systemChaincodes }: ExecutionModules,
): Promise<Pick<SimulatedProposal, 'results' | 'wrote' | 'privateData' | 'interest'>> {
  if (simulator === null || channel === null) {
    return { results: NOTHING, wrote: false, privateData: null, interest: null };
  }
  const results = simulator.results();
  // A Go peer keeps the private data of a refusal, too, though nobody can commit it.
  const privateData =
    results.privateBytes === null || refused
      ? null
      : await assemblePrivateData(
          results.privateBytes,
          { channel, txId, query: simulator },
          options.implicitCollections,
        );
  const interest = chaincodeInterest(results, (name) => systemChaincodes.isSystem(name));
  return { results: results.publicBytes, wrote: results.writtenKeys.length > 0, privateData, interest };
}
