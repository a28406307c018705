import type { SimulationResults } from '#node/ledger/simulator/txSimulator.ts';
import { VALIDATION_PARAMETER } from '#node/ledger/state/stateMetadata.ts';
import { WireWriter } from '#node/ledger/state/wireWriter.ts';
import { textOf } from '#node/protos/text.ts';
import { wireFields } from '#node/protos/wireFields.ts';

/** What a transaction did in one namespace, as far as its endorsement depends on it. */
interface Touched {
  /** By collection (empty: public keys), whether the policy of chaincode or collection counts, not those of keys alone. */
  readonly policyCounts: Map<string, boolean>;
  /** Of public and private keys that were written: serialised `common.SignaturePolicyEnvelope`s. */
  readonly keyPolicies: Uint8Array[];
}

/**
 * What the simulation touched, a serialised `protos.ChaincodeInterest`: with it a client (or gateway) finds out whose endorsements
 * the transaction needs. As Fabric's endorser makes it, in the order of names where Fabric has none.
 *
 * @param isSystem system chaincodes are left out
 */
export function chaincodeInterest(results: SimulationResults, isSystem: (name: string) => boolean): Uint8Array {
  const touched = new Map<string, Touched>();
  const of = (namespace: string): Touched => {
    let one = touched.get(namespace);
    if (one === undefined) {
      one = { policyCounts: new Map(), keyPolicies: [] };
      touched.set(namespace, one);
    }
    return one;
  };
  for (const { namespace, collection, metadata } of results.writtenKeys) {
    const one = of(namespace);
    if (!one.policyCounts.has('')) {
      one.policyCounts.set('', false);
    }
    const policy = metadata.get(VALIDATION_PARAMETER);
    if (policy === undefined) {
      one.policyCounts.set(collection ?? '', true);
    } else {
      one.keyPolicies.push(policy);
    }
  }
  for (const namespace of namespacesOf(results.publicBytes)) {
    if (!touched.has(namespace)) {
      of(namespace).policyCounts.set('', true);
    }
  }
  for (const [namespace, collections] of results.privateReads) {
    for (const collection of collections) {
      of(namespace).policyCounts.set(collection, true);
    }
  }
  const writer = new WireWriter(256);
  for (const namespace of [...touched.keys()].toSorted()) {
    if (!isSystem(namespace)) {
      const reads = results.privateReads.get(namespace) ?? new Set();
      writeCalls(writer, namespace, touched.get(namespace) as Touched, reads);
    }
  }
  return writer.finish();
}

function writeCalls(
  writer: WireWriter,
  namespace: string,
  { policyCounts, keyPolicies }: Touched,
  privateReads: ReadonlySet<string>,
): void {
  for (const collection of [...policyCounts.keys()].toSorted()) {
    if (collection !== '') {
      writer.message(1, (call) => {
        call.string(1, namespace).string(2, collection).bool(3, !privateReads.has(collection));
      });
      continue;
    }
    const counts = policyCounts.get('') === true;
    if (counts || keyPolicies.length > 0) {
      writer.message(1, (call) => {
        call.string(1, namespace);
        for (const policy of keyPolicies) {
          call.element(5, policy);
        }
        call.bool(6, !counts);
      });
    }
  }
}

/** Of a `rwset.TxReadWriteSet` that this peer wrote. */
function namespacesOf(readWriteSet: Uint8Array): readonly string[] {
  const what = 'rwset.TxReadWriteSet';
  return wireFields(readWriteSet, what)
    .filter(({ field }) => field === 2)
    .map(({ bytes }) => wireFields(bytes, what).find(({ field }) => field === 1)?.bytes ?? new Uint8Array(0))
    .map((name) => textOf(name, what));
}
