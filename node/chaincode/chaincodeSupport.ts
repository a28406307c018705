import type { HistoryDatabase } from '#node/ledger/history/historyDatabase.ts';
import type { QueryExecutor } from '#node/ledger/simulator/queryExecutor.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import type { ChaincodeInputMessage, SignedProposalMessage } from '#node/protos/proposalMessages.ts';
import type { ChaincodeEventMessage } from '#node/protos/shimMessages.ts';
import type { ResponseMessage } from '#node/protos/transactionMessages.ts';

/** What a chaincode is asked to do, and on whose behalf. */
export interface ChaincodeInvocation {
  /** Empty for a proposal outside any channel. */
  readonly channelId: string;
  readonly txId: string;
  /** Its name in the channel: the namespace of its keys. */
  readonly name: string;
  /** Which package runs it (`label:hash`), or in development mode `name:version`. Not used for system chaincodes. */
  readonly packageId: string;
  /** `init` for the explicit initialisation that a definition may demand. */
  readonly kind: 'init' | 'invoke';
  /** The transient map is in the proposal, as Fabric has it. */
  readonly input: ChaincodeInputMessage;
  /** As it came from the client. */
  readonly signedProposal: SignedProposalMessage;
  /** Null for a proposal outside any channel. */
  readonly simulator: TxSimulator | null;
  readonly history: HistoryDatabase | null;
  /** Aborted when the client gave up. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface ChaincodeResult {
  readonly response: ResponseMessage;
  readonly event: ChaincodeEventMessage | null;
}

/** Runs chaincode: starts what is not running, speaks the shim's protocol with it, and keeps time. */
export interface ChaincodeSupport {
  /** @throws ChaincodeError `timeout`, `not_installed`, `launch_failed`, `stream_ended`, `protocol` … */
  execute(invocation: ChaincodeInvocation): Promise<ChaincodeResult>;
}

/** Answers a chaincode that invokes another one, in its channel or in a different one (then only for reading). */
export interface ChaincodeCaller {
  /**
   * Checks the access that Fabric demands (`peer/ChaincodeToChaincode`), finds the definition and runs it.
   * @param caller the invocation that calls; its simulator is shared within one channel
   * @param target name, and after a slash the channel where that differs
   */
  call(caller: ChaincodeInvocation, target: string, input: ChaincodeInputMessage): Promise<ChaincodeResult>;
}

/** A chaincode that is part of the peer: `_lifecycle`, `cscc`, `qscc`. */
export interface SystemChaincode {
  readonly name: string;
  /** Answers with a status of 500 rather than throwing for anything that the client did wrong. */
  invoke(invocation: ChaincodeInvocation): Promise<ChaincodeResult>;
}

/** What endorsing needs to know of a chaincode's definition in a channel. */
export interface EndorsementInfo {
  readonly version: string;
  /** Whether it has to be initialised first. */
  readonly enforceInit: boolean;
  /** Of the package that this organisation approved; null where none is installed here. */
  readonly packageId: string | null;
  /** `escc` unless the definition names another. */
  readonly endorsementPlugin: string;
}

/** Definitions as the channel's `_lifecycle` namespace holds them. */
export interface ChaincodeDefinitionSource {
  /** Null for a name without a committed definition. */
  endorsementInfo(channelId: string, name: string, query: QueryExecutor): Promise<EndorsementInfo | null>;
}

/** Chaincode packages on the peer's disk. */
export interface PackageStore {
  /** Checks and keeps a package; again is no error. @returns its ID, `label:sha256` @throws ChaincodeError */
  save(packageBytes: Uint8Array): Promise<InstalledPackage>;
  /** @throws ChaincodeError `not_installed` */
  load(packageId: string): Promise<Uint8Array>;
  /** Takes a package away that could not be built; one that is not there is no error. */
  remove(packageId: string): Promise<void>;
  list(): Promise<readonly InstalledPackage[]>;
}

export interface InstalledPackage {
  readonly packageId: string;
  readonly label: string;
}

/** Makes an installed package ready to run, so that `install` fails where the first invocation would. */
export interface PackageBuilder {
  /** @throws ChaincodeError `build_failed` with the last lines that the build printed */
  build(packageId: string): Promise<void>;
}
