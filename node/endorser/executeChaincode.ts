import type {
  ChaincodeDefinitionSource,
  ChaincodeInvocation,
  ChaincodeResult,
  ChaincodeSupport,
  EndorsementInfo,
} from '#node/chaincode/chaincodeSupport.ts';
import type { HistoryDatabase } from '#node/ledger/history/historyDatabase.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import type { ChaincodeInputMessage, SignedProposalMessage } from '#node/protos/proposalMessages.ts';
import type { Party, Tracer } from '#node/tracing/tracer.ts';
import { EndorserError, messageOf } from './endorserError.ts';
import { namedFunction } from './namedFunction.ts';
import { SYSTEM_VERSION, type SystemChaincodes } from './systemChaincodes.ts';

/** Where a chaincode's namespace says which version was initialised; no key of a chaincode begins so. */
const INITIALIZED_KEY = '\u0000\u{10ffff}initialized';

/** A run that is asked for: by a proposal, or by another chaincode. */
export interface Execution {
  readonly channelId: string;
  readonly txId: string;
  readonly chaincode: string;
  readonly input: ChaincodeInputMessage;
  readonly signedProposal: SignedProposalMessage;
  readonly simulator: TxSimulator | null;
  readonly history: HistoryDatabase | null;
  readonly signal: AbortSignal;
  readonly caller: Party;
  readonly traceparent?: string | null;
}

export interface ExecutionModules {
  readonly systemChaincodes: SystemChaincodes;
  readonly definitions: ChaincodeDefinitionSource;
  readonly chaincodes: ChaincodeSupport;
  readonly tracer: Tracer;
}

/** A chaincode that can run here now. */
export interface RunnableChaincode extends EndorsementInfo {
  readonly packageId: string;
}

/**
 * What endorsing needs to know of a chaincode, a system chaincode included. The lookup goes through the simulator: a transaction
 * stands on the definition that it ran with.
 * @throws EndorserError `not_defined`, and what the source throws
 */
export async function findChaincode(
  name: string,
  channelId: string,
  simulator: TxSimulator | null,
  { systemChaincodes, definitions }: ExecutionModules,
): Promise<RunnableChaincode> {
  if (systemChaincodes.isSystem(name)) {
    const packageId = `${name}.${SYSTEM_VERSION}`;
    return { version: SYSTEM_VERSION, enforceInit: false, packageId, endorsementPlugin: 'escc' };
  }
  if (simulator === null) {
    throw new EndorserError('not_defined', `could not get channel config for channel '${channelId}'`);
  }
  const info = await definitions.endorsementInfo(channelId, name, simulator);
  if (info === null) {
    throw new EndorserError('not_defined', `chaincode ${name} not found`);
  }
  const { packageId } = info;
  if (packageId === null) {
    throw new EndorserError('not_defined', `chaincode definition for '${name}' exists, but chaincode is not installed`);
  }
  return { ...info, packageId };
}

/**
 * Runs a chaincode, having seen to its one initialisation where its definition demands that (Fabric, `ChaincodeSupport.Invoke`).
 * @throws EndorserError `bad_invocation`, `not_defined`; ChaincodeError and what the simulator throws
 */
export async function executeChaincode(
  execution: Execution,
  runnable: RunnableChaincode,
  modules: ExecutionModules,
): Promise<ChaincodeResult> {
  const { chaincode: name, input, channelId, txId, signedProposal, simulator, history, signal } = execution;
  const { packageId } = runnable;
  const kind = await checkInitialization(execution, runnable);
  const invocation: ChaincodeInvocation = {
    channelId,
    txId,
    name,
    packageId,
    kind,
    input,
    signedProposal,
    simulator,
    history,
    signal,
  };
  const start = performance.now();
  let result: ChaincodeResult | null = null;
  let error: unknown = null;
  try {
    result = await run(invocation, modules);
    const { event } = result;
    // The name of an event's chaincode is not the chaincode's to choose.
    return event === null ? result : { ...result, event: { ...event, chaincodeId: name, txId } };
  } catch (cause) {
    error = cause;
    throw cause;
  } finally {
    const response = result?.response;
    modules.tracer.chaincodeInvoke({
      channelId,
      txId,
      caller: execution.caller,
      chaincode: name,
      ...namedFunction(input),
      packageId,
      traceparent: execution.traceparent ?? null,
      status: response?.status ?? 500,
      ...(response === undefined
        ? { error: messageOf(error) }
        : response.message === '' || response.status < 400
          ? {}
          : { error: response.message }),
      durationUs: Math.round((performance.now() - start) * 1000),
    });
  }
}

async function run(
  invocation: ChaincodeInvocation,
  { systemChaincodes, chaincodes }: ExecutionModules,
): Promise<ChaincodeResult> {
  const { name, packageId } = invocation;
  if (!systemChaincodes.isSystem(name)) {
    return chaincodes.execute(invocation);
  }
  const system = systemChaincodes.find(name);
  if (system === null) {
    // A Go peer looks for a package of that name.
    throw new EndorserError(
      'not_defined',
      `could not launch chaincode ${packageId}: error building chaincode: chaincode install package '${packageId}' not found`,
    );
  }
  return system.invoke(invocation);
}

/** @throws EndorserError `bad_invocation` */
async function checkInitialization(
  { chaincode: name, input, simulator }: Execution,
  { enforceInit, version }: RunnableChaincode,
): Promise<ChaincodeInvocation['kind']> {
  let missing = false;
  if (enforceInit && simulator !== null) {
    const initialized = await simulator.getState(name, INITIALIZED_KEY);
    missing = initialized === null || Buffer.from(initialized).toString() !== version;
  }
  if (!input.isInit) {
    if (missing) {
      throw badInvocation(`chaincode '${name}' has not been initialized for this version, must call as init first`);
    }
    return 'invoke';
  }
  if (!enforceInit) {
    throw badInvocation(`chaincode '${name}' does not require initialization but called as init`);
  }
  if (!missing) {
    throw badInvocation(`chaincode '${name}' is already initialized but called as init`);
  }
  await simulator?.setState(name, INITIALIZED_KEY, new Uint8Array(Buffer.from(version)));
  return 'init';
}

function badInvocation(message: string): EndorserError {
  return new EndorserError('bad_invocation', `invalid invocation: ${message}`);
}
