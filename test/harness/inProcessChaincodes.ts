import { peer } from '@hyperledger/fabric-protos';
import type {
  ChaincodeCaller,
  ChaincodeInvocation,
  ChaincodeResult,
  ChaincodeSupport,
} from '#node/chaincode/chaincodeSupport.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';

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
export type TestChaincode = (stub: TestStub) => Promise<string | peer.Response>;

/** For tests: chaincode that is a function of this process, run against the simulator by the package's ID. */
export class InProcessChaincodes implements ChaincodeSupport {
  readonly byPackage = new Map<string, TestChaincode>();
  caller: ChaincodeCaller | null = null;

  async execute(invocation: ChaincodeInvocation): Promise<ChaincodeResult> {
    const run = this.byPackage.get(invocation.packageId);
    if (run === undefined) {
      throw new Error(`could not launch chaincode ${invocation.packageId}`);
    }
    let event: peer.ChaincodeEvent | null = null;
    const stub: TestStub = {
      invocation,
      namespace: invocation.name,
      args: invocation.input.getArgsList_asU8().map((one) => Buffer.from(one).toString()),
      simulator: invocation.simulator as TxSimulator,
      call: async (target, args) => {
        const input = new peer.ChaincodeInput();
        input.setArgsList(args.map((one) => new Uint8Array(Buffer.from(one))));
        return (this.caller as ChaincodeCaller).call(invocation, target, input);
      },
      event(name, payload) {
        event = new peer.ChaincodeEvent();
        event.setEventName(name);
        event.setPayload(new Uint8Array(Buffer.from(payload)));
      },
    };
    const answer = await run(stub);
    return { response: typeof answer === 'string' ? responseOf(200, answer) : answer, event };
  }
}

export function responseOf(status: number, payload: string, message = ''): peer.Response {
  const response = new peer.Response();
  response.setStatus(status);
  response.setMessage(message);
  response.setPayload(new Uint8Array(Buffer.from(payload)));
  return response;
}
