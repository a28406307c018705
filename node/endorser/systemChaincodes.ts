import type { SystemChaincode } from '#node/chaincode/chaincodeSupport.ts';

/** What a Go peer calls its own, whether or not it runs them: names that no chaincode of users can have. */
const BUILT_IN: ReadonlySet<string> = new Set(['_lifecycle', 'cscc', 'lscc', 'qscc']);

/** Version in endorsements of system chaincodes: the same on every peer (Fabric, `scc.SysCCVersion`). */
export const SYSTEM_VERSION = 'syscc';

/** The chaincodes that are part of the peer, by name. */
export class SystemChaincodes {
  readonly #byName: ReadonlyMap<string, SystemChaincode>;

  /** @param chaincodes those that are on (`chaincode.system`); `lscc` ended with the lifecycle of 1.x and can be none of them */
  constructor(chaincodes: Iterable<SystemChaincode>) {
    this.#byName = new Map(Array.from(chaincodes, (one) => [one.name, one]));
  }

  /** Whether a name is reserved: such a chaincode needs no definition and checks by itself who may call it. */
  isSystem(name: string): boolean {
    return BUILT_IN.has(name) || this.#byName.has(name);
  }

  /** Null for one that does not run here. */
  find(name: string): SystemChaincode | null {
    return this.#byName.get(name) ?? null;
  }
}
