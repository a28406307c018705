import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type common, msp } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { checkLabel } from '#node/chaincode/packages/chaincodePackage.ts';
import { checkCollections, checkNameAndVersion, staticCollections } from '#node/lifecycle/checkDefinition.ts';
import { parsePolicy } from '#node/policy/policyDsl.ts';
import { definitionRequest, labelOf } from './deployChaincode.ts';
import type { Layout } from './layout.ts';
import { NetworkError } from './networkError.ts';

/**
 * What the peers would refuse when the chaincodes of a new network are deployed, found before anything is made.
 * @param bundles of the channels, by name
 * @throws NetworkError `bad_layout`, with the place and the reason
 */
export function checkChaincodes(
  { organizations, channels, chaincodes }: Layout,
  bundles: ReadonlyMap<string, ChannelBundle>,
): void {
  for (const chaincode of chaincodes) {
    const { name, version, sequence, policy, path } = chaincode;
    const of = (key: string, check: () => void): void => {
      try {
        check();
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new NetworkError('bad_layout', `the layout cannot be used:\n  chaincodes (${name}): ${key}: ${reason}`, {
          cause,
        });
      }
    };
    of('version', () => {
      checkNameAndVersion(name, version);
      checkLabel(labelOf(chaincode));
    });
    of('sequence', () => {
      if (sequence !== 1) {
        throw new Error(`${sequence}: the first definition of a chaincode has the sequence 1`);
      }
    });
    of('path', () => checkFolder(path));
    for (const channel of channels.filter((one) => chaincode.channels.includes(one.name))) {
      const bundle = bundles.get(channel.name) as ChannelBundle;
      const members = organizations.filter((one) => channel.organizations.includes(one.name));
      of('policy', () => checkPolicy(policy, bundle));
      of('collections', () => {
        const { collections } = definitionRequest(channel.name, chaincode, members);
        checkCollections(staticCollections(collections ?? undefined), bundle.mspManager);
      });
    }
  }
}

function checkFolder(path: string | null): void {
  if (path !== null && !existsSync(join(path, 'package.json'))) {
    throw new Error(existsSync(path) ? `${path} has no package.json: it is no Node chaincode` : `there is no ${path}`);
  }
}

function checkPolicy(policy: string, bundle: ChannelBundle): void {
  if (policy.startsWith('/')) {
    if (bundle.policies.policy(policy) === null) {
      throw new Error(`channel ${bundle.channelId} has no policy ${policy}`);
    }
  } else if (policy !== '') {
    requireKnown(parsePolicy(policy), bundle);
  }
}

/** Nobody could ever meet a rule about organisations that are not there. */
function requireKnown(policy: common.SignaturePolicyEnvelope, { channelId, mspManager }: ChannelBundle): void {
  for (const principal of policy.getIdentitiesList()) {
    const mspId = msp.MSPRole.deserializeBinary(principal.getPrincipal_asU8()).getMspIdentifier();
    if (mspManager.msp(mspId) === null) {
      throw new Error(`channel ${channelId} has no organisation with the MSP ${mspId}`);
    }
  }
}
