import { POLICY_PATHS } from '#node/policy/policyManager.ts';
import type { Method } from '#node/grpc/service.ts';
import type { SignedData } from '#node/policy/policy.ts';
import type { Chain } from './chain.ts';
import { blockResponse } from './deliverResponse.ts';
import type { DeliverService } from './deliverService.ts';

/**
 * `orderer.AtomicBroadcast/Deliver`: for readers of the channel; in maintenance mode for readers among the orderers, which keeps peers
 * away (Fabric, orderer/common/server).
 */
export function ordererDeliver(service: DeliverService): Method {
  const delivery = { dataType: 'block', authorize: mayRead, respond: blockResponse } as const;
  return { kind: 'stream', handle: (requests, context) => service.handle(delivery, requests, context) };
}

async function mayRead({ bundle }: Chain, signed: SignedData): Promise<string | null> {
  const path = bundle.orderer?.maintenance === true ? POLICY_PATHS.ordererReaders : POLICY_PATHS.channelReaders;
  const policy = bundle.policies.policy(path);
  if (policy === null) {
    return `could not find policy ${path}`;
  }
  const verdict = await policy.evaluate([signed]);
  return verdict.satisfied ? null : verdict.reason;
}
