import type {
  ChaincodeCaller,
  ChaincodeInvocation,
  ChaincodeResult,
  ChaincodeSupport,
} from '#node/chaincode/chaincodeSupport.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import type { ResponseMessage } from '#node/protos/transactionMessages.ts';

/** What a chaincode of a test works with: the simulator itself, in place of the shim. */
export interface TestStub {
  readonly invocation: ChaincodeInvocation;
  readonly namespace: string;
  readonly args: readonly string[];
  readonly simulator: TxSimulator;
  /** @param target as the shim's `invokeChaincode` has it */
  readonly call: (target: string, args: readonly string[]) => Promise<ChaincodeResult>;
  readonly event: (name: string, payload: string) => void;
}

/** Text answers with status 200; throwing is what a chaincode does that fails. */
export type TestChaincode = (stub: TestStub) => Promise<string | ResponseMessage>;

/** For tests: chaincode that is a function of this process, run against the simulator by the package's ID. */
export class InProcessChaincodes implements ChaincodeSupport {
  readonly byPackage = new Map<string, TestChaincode>();
  caller: ChaincodeCaller | null = null;

  async execute(invocation: ChaincodeInvocation): Promise<ChaincodeResult> {
    const run = this.byPackage.get(invocation.packageId);
    if (run === undefined) {
      throw new Error(`could not launch chaincode ${invocation.packageId}`);
    }
    let event: ChaincodeResult['event'] = null;
    const stub: TestStub = {
      invocation,
      namespace: invocation.name,
      args: invocation.input.args.map((one) => Buffer.from(one).toString()),
      simulator: invocation.simulator as TxSimulator,
      call: async (target, args) => {
        const input = { args: args.map((one) => new Uint8Array(Buffer.from(one))), isInit: false };
        return (this.caller as ChaincodeCaller).call(invocation, target, input);
      },
      event(name, payload) {
        event = { chaincodeId: '', txId: '', eventName: name, payload: new Uint8Array(Buffer.from(payload)) };
      },
    };
    const answer = await run(stub);
    return { response: typeof answer === 'string' ? responseOf(200, answer) : answer, event };
  }
}

export function responseOf(status: number, payload: string, message = ''): ResponseMessage {
  return { status, message, payload: new Uint8Array(Buffer.from(payload)) };
}
