import type { IdentityDeserializer, MspIdentity } from '#node/msp/mspIdentity.ts';
import { validIdentities } from '#node/policy/validIdentities.ts';
import type { TransactionActionView } from '#node/protos/transactionView.ts';

/** Those who endorsed, as policies want to know them: in order, each once, signatures checked. */
export interface CheckedEndorsers {
  readonly identities: readonly MspIdentity[];
  /** Names the set, so that a verdict on it can be kept. */
  readonly key: string;
  /** Why the others do not count; for people. */
  readonly rejected: readonly string[];
}

function keyOf(identities: readonly MspIdentity[]): string {
  let key = '';
  for (const { mspId, id } of identities) {
    key += `${mspId}/${id}\n`;
  }
  return key;
}

/** Checks every endorsement's signature, in parallel: each covers the answer and the endorser's own identity. */
export async function checkEndorsers(
  action: TransactionActionView,
  msps: IdentityDeserializer,
): Promise<CheckedEndorsers> {
  const { endorsements, proposalResponsePayloadBytes: answer } = action;
  const { identities, rejected } = await validIdentities(
    endorsements.map(({ endorser, signature }) => {
      const data = Buffer.allocUnsafe(answer.length + endorser.length);
      data.set(answer);
      data.set(endorser, answer.length);
      return { data, identity: endorser, signature };
    }),
    msps,
  );
  return {
    identities,
    key: keyOf(identities),
    rejected: rejected.map(({ index, reason }) => `endorsement ${index}: ${reason}`),
  };
}
