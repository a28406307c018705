import type { MspDefinition, UnitDefinition } from './mspDefinition.ts';
import { MspError } from './mspError.ts';
import { isAtLeast, type MspVersion } from './mspVersion.ts';

/** A unit of a certificate, with the chain that vouches for it (hex digest of its authorities). */
export interface CertifiedUnit {
  readonly name: string;
  readonly chain: string;
}

/** A unit that tells clients, peers, administrators and orderers apart; `chain` null where any authority may vouch for it. */
interface NodeUnit {
  readonly name: string;
  readonly chain: string | null;
}

export type NodeKind = 'client' | 'peer' | 'admin' | 'orderer';
const KINDS: readonly NodeKind[] = ['client', 'peer', 'admin', 'orderer'];

/** What an MSP asks of its members' organisational units. */
export class OrganizationalUnits {
  readonly #mspId: string;
  /** Chains allowed for each unit that members may have; empty: any unit, or none, will do. */
  readonly #allowed = new Map<string, Set<string>>();
  readonly #nodeUnits = new Map<NodeKind, NodeUnit>();
  #enforced = false;

  /**
   * @param certifierOf digest of the chain that starts with an authority's certificate (PEM)
   * @throws MspError
   */
  constructor(definition: MspDefinition, version: MspVersion, certifierOf: (pem: Uint8Array) => string) {
    this.#mspId = definition.mspId;
    for (const { name, certificate } of definition.units) {
      const chains = this.#allowed.get(name) ?? new Set();
      chains.add(certifierOf(certificate));
      this.#allowed.set(name, chains);
    }
    const { nodeUnits } = definition;
    if (nodeUnits === null || !isAtLeast(version, '1.1')) {
      return;
    }
    const known = isAtLeast(version, '1.4.3') ? KINDS : (['client', 'peer'] as const);
    for (const kind of known) {
      const unit: UnitDefinition | null = nodeUnits[kind];
      if (!isAtLeast(version, '1.4.3') && (unit === null || unit.name === '')) {
        throw new MspError('bad_config', this.#mspId, `node units without one for ${kind}s`);
      }
      if (unit !== null) {
        const chain = unit.certificate.length === 0 ? null : certifierOf(unit.certificate);
        this.#nodeUnits.set(kind, { name: unit.name, chain });
      }
    }
    this.#enforced = nodeUnits.enable && this.#nodeUnits.size > 0;
  }

  /** Whether units tell clients, peers, administrators and orderers apart. */
  get enforced(): boolean {
    return this.#enforced;
  }

  names(kind: NodeKind): boolean {
    return this.#nodeUnits.has(kind);
  }

  /** Why these units make nobody of this kind, in Go's words, which clients are shown; null if they do. Says nothing about who vouches for them. */
  lacks(kind: NodeKind, units: readonly CertifiedUnit[]): string | null {
    if (!this.#enforced) {
      return 'NodeOUs not activated. Cannot tell apart identities.';
    }
    const unit = this.#nodeUnits.get(kind);
    const role = kind.toUpperCase();
    if (unit === undefined) {
      return `cannot test for classification, node ou for type [${role}], not defined, msp: [${this.#mspId}]`;
    }
    return units.some(({ name }) => name === unit.name)
      ? null
      : `The identity does not contain OU [${role}], MSP: [${this.#mspId}]`;
  }

  /** @throws MspError `wrong_unit` */
  check(units: readonly CertifiedUnit[]): void {
    if (this.#allowed.size > 0 && !units.some(({ name, chain }) => this.#allowed.get(name)?.has(chain) === true)) {
      throw this.#wrong(
        units.length === 0
          ? 'the certificate has no organisational unit'
          : `none of the organisational units ${unitNames(units)} is one of the MSP`,
      );
    }
    if (!this.#enforced) {
      return;
    }
    // Of two kinds with the same unit, the later one counts from 1.4.3 on: so does Go's map.
    const byName = new Map([...this.#nodeUnits.values()].map((unit) => [unit.name, unit]));
    let roles = 0;
    for (const { name, chain } of units) {
      const unit = byName.get(name);
      if (unit === undefined) {
        continue;
      }
      if (unit.chain !== null && unit.chain !== chain) {
        throw this.#wrong(`the organisational unit "${name}" is not vouched for by the authority that must`);
      }
      if (++roles > 1) {
        break;
      }
    }
    const kinds = [...this.#nodeUnits.keys()].join(', ');
    if (roles === 0) {
      throw this.#wrong(`none of the organisational units ${unitNames(units)} tells which of ${kinds} it is`);
    }
    if (roles > 1) {
      throw this.#wrong(`the organisational units ${unitNames(units)} say more than one of ${kinds}`);
    }
  }

  #wrong(detail: string): MspError {
    return new MspError('wrong_unit', this.#mspId, detail);
  }
}

function unitNames(units: readonly CertifiedUnit[]): string {
  return JSON.stringify(units.slice(0, 20).map(({ name }) => name.slice(0, 64)));
}
