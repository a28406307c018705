import { mspConfigOf, type MspDefinition } from '#node/msp/mspDefinition.ts';
import { Signer } from '#node/crypto/sign.ts';
import {
  authority,
  definition,
  type Holder,
  type HolderOptions,
  issue,
  revocationList,
  setup,
} from '#node/msp/testAuthority.ts';
import type { X509Msp } from '#node/msp/x509Msp.ts';
import type { TestOrganization } from './signedChannel.ts';

/** For tests: an organisation that keeps its authority, so that anybody can be made a member, or be revoked. */
export interface OwnOrganization extends TestOrganization {
  readonly admin: Signer;
  /** A client whose certificate is on the organisation's revocation list. */
  readonly revoked: Signer;
  readonly msp: X509Msp;
  member(name: string, unit: string, more?: HolderOptions): Signer;
}

export function ownOrganization(mspId: string): OwnOrganization {
  const ca = authority(`ca.${mspId}`);
  const signerOf = (holder: Holder): Signer => {
    const keyPem = holder.privateKey.export({ format: 'pem', type: 'pkcs8' });
    return new Signer({ mspId, keyPem, certificatePem: holder.pem });
  };
  const member = (name: string, unit: string, more: HolderOptions = {}): Signer =>
    signerOf(issue(ca, { name, units: [unit], ...more }));
  const lost = issue(ca, { name: `lost@${mspId}`, units: ['client'] });
  const more: Partial<MspDefinition> = { mspId, revocationLists: [revocationList(ca, [lost])] };
  return {
    mspId,
    config: mspConfigOf(definition([ca], more)).serializeBinary(),
    msp: setup([ca], more),
    client: member(`user1@${mspId}`, 'client'),
    admin: member(`admin@${mspId}`, 'admin'),
    node: member(`peer0.${mspId}`, 'peer'),
    other: member(`peer1.${mspId}`, 'peer'),
    revoked: signerOf(lost),
    member,
  };
}
