import { describe, expect, it } from 'vitest';
import { OwnChannel } from '#node/channel/testChannel.ts';
import { Signer } from '#node/crypto/sign.ts';
import { authority, issue, setup } from '#node/msp/testAuthority.ts';
import type { SignedData } from '#node/policy/policy.ts';
import { AccessControl, type AccessError } from './accessControl.ts';

const root = authority('root of Org1');
const localMsp = setup([root], { mspId: 'Org1MSP' });
const access = new AccessControl({ localMsp });
const channel = new OwnChannel();
const guarded = { channelId: 'mychannel', bundle: channel.bundle };

function signerOf(unit: string, from = root): Signer {
  const holder = issue(from, { name: unit, units: [unit] });
  const keyPem = holder.privateKey.export({ type: 'pkcs8', format: 'pem' });
  return new Signer({ mspId: 'Org1MSP', keyPem, certificatePem: holder.pem });
}

function signed(signer: Signer, signature?: Uint8Array): SignedData {
  const data = Buffer.from('a request');
  return { data, identity: signer.identity, signature: signature ?? signer.signSync(data) };
}

async function refused(check: Promise<void>): Promise<AccessError> {
  return check.then(
    () => {
      throw new Error('was allowed');
    },
    (error: AccessError) => error,
  );
}

describe('resources of the node', () => {
  it('are open to the administrators, or the members, of its own organisation', async () => {
    await access.check('snapshot/submitrequest', null, signed(signerOf('admin')));
    await access.check('cscc/GetChannels', null, signed(signerOf('client')));
    // Whatever channel is named.
    await access.check('cscc/JoinChain', guarded, signed(signerOf('admin')));

    const error = await refused(access.check('cscc/JoinChain', null, signed(signerOf('client'))));
    expect(error).toMatchObject({ code: 'denied', resource: 'cscc/JoinChain' });
    expect(error.message).toContain(
      "Failed verifying that proposal's creator satisfies local MSP principal during channelless check policy with policy [Admins]",
    );
  });

  it('are refused in other words to signed requests than to proposals', async () => {
    const during = 'during channelless check policy with policy [Admins]';
    const member = await refused(access.check('snapshot/listpending', null, signed(signerOf('client'))));
    expect(member.message).toContain(
      `failed verifying that the signed data identity satisfies local MSP principal ${during}`,
    );
    const foreign = await refused(access.check('snapshot/listpending', null, signed(channel.org2Admin)));
    expect(foreign.message).toBe(
      `failed deserializing signed data identity ${during}: [expected MSP ID Org1MSP, received Org2MSP]`,
    );
  });

  it('are closed to other organisations, to strangers and to signatures that do not hold', async () => {
    const foreign = await refused(access.check('cscc/GetChannels', null, signed(channel.org2Admin)));
    expect(foreign.message).toContain('Failed deserializing proposal creator during channelless check policy');
    const stranger = signerOf('admin', authority('another root'));
    expect(await refused(access.check('cscc/JoinChain', null, signed(stranger)))).toMatchObject({ code: 'denied' });
    const forged = await refused(
      access.check('cscc/JoinChain', null, signed(signerOf('admin'), channel.org1Admin.signSync(Buffer.from('x')))),
    );
    expect(forged.message).toBe('The signature is invalid');
    const noIdentity = { data: Buffer.from('x'), identity: Buffer.from('nobody'), signature: Buffer.from('y') };
    expect(await refused(access.check('cscc/JoinChain', null, noIdentity))).toMatchObject({ code: 'denied' });
  });
});

describe('resources of a channel', () => {
  it('are guarded by the default policies', async () => {
    await access.check('event/Block', guarded, signed(channel.org1User));
    await access.check('peer/Propose', guarded, signed(channel.org2Admin));
    const error = await refused(access.check('event/Block', guarded, signed(channel.ordererAdmin)));
    expect(error.message).toBe(
      "Failed evaluating policy on signed data during check policy on channel [mychannel] with policy [/Channel/Application/Readers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Readers' sub-policies to be satisfied]",
    );
    // For the node's own record and log.
    expect(String(error.cause)).toMatch(/Org1MSP/);
  });

  it('are guarded by what the configuration says instead', async () => {
    const bundle = await channel.change((config) => {
      config.groups.Application.values.ACLs = {
        mod_policy: 'Admins',
        version: '0',
        value: { acls: { 'event/Block': { policy_ref: 'Admins' }, 'peer/Propose': { policy_ref: '/Channel/None' } } },
      };
    });
    const changed = { channelId: 'mychannel', bundle };
    expect(await refused(access.check('event/Block', changed, signed(channel.org1User)))).toMatchObject({
      code: 'denied',
    });
    const missing = await refused(access.check('peer/Propose', changed, signed(channel.org1User)));
    expect(missing.message).toContain('policy /Channel/None not found');
    await access.check('event/FilteredBlock', changed, signed(channel.org1User));
  });

  it('need a channel, and a policy', async () => {
    expect(await refused(access.check('event/Block', null, signed(channel.org1User)))).toMatchObject({
      code: 'no_channel',
    });
    expect(await refused(access.check('no/Such', guarded, signed(channel.org1User)))).toMatchObject({
      code: 'unknown_resource',
      message: 'Unmapped policy for no/Such',
    });
  });
});
