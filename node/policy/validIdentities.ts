import { type IdentityDeserializer, type MspIdentity } from '#node/msp/mspIdentity.ts';
import { MspError } from '#node/msp/mspError.ts';
import type { RejectedSignature, SignedData } from './policy.ts';

export interface ValidIdentities {
  /** Each once, in the order of the first signature of theirs that holds. */
  readonly identities: readonly MspIdentity[];
  readonly rejected: readonly RejectedSignature[];
}

/**
 * Whose signatures hold (Fabric, `SignatureSetToValidIdentities`). An identity counts once, however often it signed and in
 * whatever form its certificate comes; whether it is a member in good standing is for principals to say. Signatures of different
 * identities are checked in parallel, those of one identity one after the other until one holds: nobody can make a node check
 * thousands of good signatures by repeating one.
 */
export async function validIdentities(
  signed: readonly SignedData[],
  msps: IdentityDeserializer,
): Promise<ValidIdentities> {
  const rejected: RejectedSignature[] = [];
  const signers = new Signers();
  for (let index = 0; index < signed.length; index++) {
    try {
      signers.add(msps.deserializeIdentity((signed[index] as SignedData).identity), index);
    } catch (error) {
      if (!(error instanceof MspError)) {
        throw error;
      }
      rejected.push({ index, reason: error.message });
    }
  }
  const valid = await Promise.all(signers.all.map((signer) => firstValid(signer, signed, rejected)));
  const holders: { readonly identity: MspIdentity; readonly first: number }[] = [];
  for (let at = 0; at < signers.all.length; at++) {
    const first = valid[at] as number;
    if (first >= 0) {
      holders.push({ identity: (signers.all[at] as Signer).identity, first });
    }
  }
  return {
    identities: holders.toSorted((one, other) => one.first - other.first).map(({ identity }) => identity),
    rejected: rejected.toSorted((one, other) => one.index - other.index),
  };
}

interface Signer {
  readonly identity: MspIdentity;
  readonly indexes: number[];
}

/** Signers in the order in which they come, each once. */
class Signers {
  /** Looked through one by one up to this number, found by name beyond: most transactions have two or three. */
  static readonly few = 8;
  readonly all: Signer[] = [];
  #names: Map<string, Signer> | null = null;

  add(identity: MspIdentity, index: number): void {
    const known = this.#find(identity);
    if (known !== undefined) {
      known.indexes.push(index);
      return;
    }
    const added = { identity, indexes: [index] };
    this.all.push(added);
    if (this.all.length > Signers.few) {
      this.#names ??= new Map();
      this.#names.set(nameOf(identity), added);
    }
  }

  #find(identity: MspIdentity): Signer | undefined {
    const { mspId, id } = identity;
    for (let at = 0; at < this.all.length && at < Signers.few; at++) {
      const { identity: known } = this.all[at] as Signer;
      if (known === identity || (known.id === id && known.mspId === mspId)) {
        return this.all[at];
      }
    }
    return this.#names?.get(nameOf(identity));
  }
}

function nameOf({ mspId, id }: MspIdentity): string {
  return `${mspId}\u0000${id}`;
}

/** Index of the first signature of theirs that holds, -1 for none. */
async function firstValid(
  { identity, indexes }: Signer,
  signed: readonly SignedData[],
  rejected: RejectedSignature[],
): Promise<number> {
  let first = -1;
  for (const index of indexes) {
    const { data, signature } = signed[index] as SignedData;
    if (first >= 0) {
      rejected.push({ index, reason: `${identity.label} signed more than once` });
    } else if (await identity.verify(data, signature)) {
      first = index;
    } else {
      rejected.push({ index, reason: `the signature of ${identity.label} is not valid` });
    }
  }
  return first;
}
