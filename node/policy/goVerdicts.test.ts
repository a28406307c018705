import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { msp } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { MspError } from '#node/msp/mspError.ts';
import { MspManager } from '#node/msp/mspManager.ts';
import type { MspIdentity } from '#node/msp/mspIdentity.ts';
import type { MspVersion } from '#node/msp/mspVersion.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { parsePolicy } from './policyDsl.ts';
import { PolicyError } from './policyError.ts';
import { SignaturePolicy } from './signaturePolicy.ts';

/** What Fabric's own code said; see the page beside the file. */
interface GoMember {
  readonly id: string;
  readonly valid: boolean;
  readonly verifies: boolean;
  /** A digit for each principal asked about. */
  readonly principals: string;
}
interface MspCase {
  readonly config: string;
  readonly version: MspVersion;
  readonly identities: readonly string[];
  readonly principals: readonly string[];
  readonly policy: string;
  readonly message: string;
  readonly signature: string;
  readonly go: {
    readonly setup: boolean;
    readonly policy?: string;
    readonly identities?: readonly (GoMember | null)[];
  };
}

const file = resolve(import.meta.dirname, '../../test/vectors/msp/go-verdicts.json.gz');
const { msps, policies } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
  readonly msps: readonly MspCase[];
  readonly policies: readonly { readonly text: string; readonly go: string | null }[];
};
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

/** Null for the error of ours that `act` ends in; any other fails the test. */
function unless<T>(error: typeof MspError | typeof PolicyError, act: () => T): T | null {
  try {
    return act();
  } catch (caught) {
    if (caught instanceof error) {
      return null;
    }
    throw caught;
  }
}

async function describeMember(identity: MspIdentity | null, asked: MspCase): Promise<GoMember | null> {
  if (identity === null) {
    return null;
  }
  return {
    id: identity.id,
    valid:
      unless(MspError, () => {
        identity.validate();
        return true;
      }) === true,
    verifies: await identity.verify(bytes(asked.message), bytes(asked.signature)),
    principals: asked.principals
      .map((one) => identity.satisfies(decodeMessage(msp.MSPPrincipal, bytes(one), 'common.MSPPrincipal')))
      .map((reason) => (reason === null ? '1' : '0'))
      .join(''),
  };
}

/** What we say, in the form of what Go said. */
async function answer(asked: MspCase): Promise<MspCase['go']> {
  const config = new msp.MSPConfig();
  config.setConfig(bytes(asked.config));
  const manager = unless(MspError, () => MspManager.fromConfigs([config], { version: asked.version }));
  const [owner] = manager?.msps ?? [];
  if (owner === undefined) {
    return { setup: false };
  }
  const identities = asked.identities.map((one) => unless(MspError, () => owner.deserializeIdentity(bytes(one))));
  const known = identities.filter((identity) => identity !== null);
  const policy = unless(PolicyError, () => SignaturePolicy.fromBytes(bytes(asked.policy), owner));
  return {
    setup: true,
    policy: policy === null ? 'error' : policy.evaluateIdentities(known).satisfied ? 'yes' : 'no',
    identities: await Promise.all(identities.map((identity) => describeMember(identity, asked))),
  };
}

describe('what Fabric’s own code says', () => {
  it('of MSPs, identities, principals and policies, we say', async () => {
    const ours = await Promise.all(msps.map(answer));
    expect(ours).toEqual(msps.map(({ go }) => go));
    const members = msps.flatMap(({ go }) => go.identities ?? []).filter((one) => one !== null);
    expect(
      [msps.length, members.length, members.filter(({ valid }) => valid).length].map((count) => count >= 40),
    ).toEqual([true, true, true]);
  });

  it('of texts of policies, we say to the byte', () => {
    const ours = policies.map(({ text }) => {
      const envelope = unless(PolicyError, () => parsePolicy(text));
      return { text, go: envelope === null ? null : Buffer.from(envelope.serializeBinary()).toString('base64') };
    });
    expect(ours).toEqual(policies);
    expect(policies.filter(({ go }) => go !== null).length).toBeGreaterThan(100);
  });
});
