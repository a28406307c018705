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
  const signers = new Map<string, { readonly identity: MspIdentity; readonly indexes: number[] }>();
  for (const [index, { identity: bytes }] of signed.entries()) {
    try {
      const identity = msps.deserializeIdentity(bytes);
      const key = `${identity.mspId}\u0000${identity.id}`;
      const signer = signers.get(key);
      if (signer === undefined) {
        signers.set(key, { identity, indexes: [index] });
      } else {
        signer.indexes.push(index);
      }
    } catch (error) {
      if (!(error instanceof MspError)) {
        throw error;
      }
      rejected.push({ index, reason: error.message });
    }
  }
  const valid = await Promise.all(
    Array.from(signers.values(), async ({ identity, indexes }) => {
      let first: number | null = null;
      for (const index of indexes) {
        const { data, signature } = signed[index] as SignedData;
        if (first !== null) {
          rejected.push({ index, reason: `${identity.label} signed more than once` });
        } else if (await identity.verify(data, signature)) {
          first = index;
        } else {
          rejected.push({ index, reason: `the signature of ${identity.label} is not valid` });
        }
      }
      return { identity, first };
    }),
  );
  return {
    identities: valid
      .filter(({ first }) => first !== null)
      .toSorted((one, other) => (one.first as number) - (other.first as number))
      .map(({ identity }) => identity),
    rejected: rejected.toSorted((one, other) => one.index - other.index),
  };
}
