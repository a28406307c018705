import { orderer } from '@hyperledger/fabric-protos';
import type { Config, ConfigGroup, ConfigValue } from '#node/channel/configGroup.ts';
import { MessageWriter } from '#node/channel/wire.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { GrpcServer } from '#node/grpc/grpcServer.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { NO_TRACER } from '#node/tracing/tracer.ts';
import type { Chain } from './chain.ts';
import { blockResponse } from './deliverResponse.ts';
import { DeliverService } from './deliverService.ts';
import type { OrdererEndpoint } from './ordererEndpoints.ts';

/** For tests: an orderer's Deliver service over real gRPC, open to anybody. */
export interface TestOrderer extends AsyncDisposable {
  readonly address: string;
  stop(): Promise<void>;
}

export async function testOrderer(chain: Chain, address = '127.0.0.1:0'): Promise<TestOrderer> {
  const service = new DeliverService(
    { failurePollMs: 5 },
    { chains: { chain: (id) => (id === chain.channelId ? chain : null) }, tracer: NO_TRACER },
  );
  const server = await GrpcServer.listen({ address, tls: null }, [
    {
      name: 'orderer.AtomicBroadcast',
      methods: {
        Deliver: {
          kind: 'stream',
          handle: (requests, context) =>
            service.handle(
              { dataType: 'block', authorize: async () => null, respond: blockResponse },
              requests,
              context,
            ),
        },
      },
    },
  ]);
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopped ??= server.stop());
  return { address: server.address, stop, [Symbol.asyncDispose]: stop };
}

export function plainClient({ address }: OrdererEndpoint): GrpcClient {
  return connect({ address, tlsRoots: null });
}

/** A configuration with other orderer endpoints, and with another consensus where that is named. */
export function withOrderers(config: Config, addresses: readonly string[], consensusType?: string): Config {
  const root = config.channelGroup as ConfigGroup;
  const group = root.groups.get('Orderer') as ConfigGroup;
  const [name, organization] = [...group.groups][0] as [string, ConfigGroup];
  const endpoints = addresses.reduce((writer, address) => writer.text(1, address), new MessageWriter()).finish();
  const values = new Map(group.values);
  if (consensusType !== undefined) {
    const type = new orderer.ConsensusType();
    type.setType(consensusType);
    values.set('ConsensusType', { ...(values.get('ConsensusType') as ConfigValue), value: type.serializeBinary() });
  }
  const listed = new Map(organization.values);
  listed.set('Endpoints', { ...(listed.get('Endpoints') as ConfigValue), value: endpoints });
  const groups = new Map(root.groups);
  groups.set('Orderer', { ...group, values, groups: new Map([[name, { ...organization, values: listed }]]) });
  return { ...config, channelGroup: { ...root, groups } };
}
