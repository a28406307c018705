import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinArguments, joinOrderer, joinPeers } from './channel.ts';
import { batchSize, type ConfigJson, group, makeUpdate } from './configUpdate.ts';
import { type CommandResult, GoTools } from './goTools.ts';
import { CHANNEL } from './interopLayout.ts';
import { InteropNetwork } from './interopNetwork.ts';
import type { PeerCommand } from './peerCommand.ts';

const PEER = 'peer0.org1.example.com';
const ORDERER = 'orderer.example.com';

const cases = (await GoTools.all()).map((tools) => [tools.release, tools] as const);

describe.each(cases)("FTL's orderer refuses in Go's words (%s)", (_, tools) => {
  const networks: InteropNetwork[] = [];

  beforeAll(async () => {
    for (const maker of ['ours', 'go'] as const) {
      const network = await InteropNetwork.start(tools, {
        material: 'ours',
        nodes: { [ORDERER]: maker },
        organizations: { Org1: 1, Org2: 1 },
        members: ['Org1'],
      });
      networks.push(network);
      await joinOrderer(network);
      await joinPeers(network, PEER);
    }
  });
  afterAll(async () => {
    await Promise.all(networks.map((network) => network[Symbol.asyncDispose]()));
  });

  const asked: Readonly<Record<string, Ask>> = {
    'a channel that is not there': osnadmin('list', '--channelID', 'stranger'),
    'a channel name that is none': osnadmin('list', '--channelID', 'No Channel'),
    'removing a channel that is not there': osnadmin('remove', '--channelID', 'stranger'),
    'a channel that it is in already': (network) => network.osnadmin(joinArguments(network)),
    'a block of another channel': (network) =>
      network.osnadmin(['join', '--channelID', 'stranger', '--config-block', network.folder.genesisBlock(CHANNEL)]),
    'what is no block': (network) =>
      network.osnadmin(['join', '--channelID', 'stranger', '--config-block', network.folder.layout]),
    'an empty block': (network) => {
      writeFileSync(network.file('empty.block'), '');
      return network.osnadmin(['join', '--channelID', 'stranger', '--config-block', network.file('empty.block')]);
    },
    'a block from a channel that is not there': fetch('newest', 'stranger'),
    'a block to an organisation that is not in the channel': fetch('newest', CHANNEL, 'peer0.org2.example.com'),
    'an update of no channel': smallerBatches((network) => network.ordererAdmin, 'stranger'),
    'an update by an organisation that is not in the channel': smallerBatches((network) =>
      network.peerOf('peer0.org2.example.com'),
    ),
    'consensus without consenters': update((config) => {
      (value(config, 'ConsensusType') as { metadata: { consenters: unknown[] } }).metadata.consenters = [];
    }),
    'an update by somebody who may not': smallerBatches((network) => network.peerOf(PEER)),
    'blocks without transactions': update((config) => {
      batchSize(config)['max_message_count'] = 0;
    }),
    'more bytes preferred than allowed': update((config) => {
      batchSize(config)['preferred_max_bytes'] = 2_000_000_000;
    }),
    'no bytes preferred': update((config) => {
      batchSize(config)['preferred_max_bytes'] = 0;
    }),
    'no bytes allowed': update((config) => {
      batchSize(config)['absolute_max_bytes'] = 0;
    }),
    'a timeout that is none': timeout('soon'),
    'a timeout without a unit': timeout('2'),
    'a timeout in a unit that nobody has': timeout('1m2fortnights'),
    'no timeout': timeout('0s'),
    'a timeout before the batch begins': timeout('-1m2.5s'),
    'a hash that nobody has': update((config) => {
      Object.assign(config.channel_group.values['HashingAlgorithm']?.value as object, { name: 'MD5' });
    }),
    'a capability that nobody has': update((config) => {
      (value(config, 'Capabilities') as { capabilities: Record<string, object> }).capabilities['V9_9'] = {};
    }),
    'a capability of the channel that nobody has': update((config) => {
      const capabilities = config.channel_group.values['Capabilities']?.value as { capabilities: object };
      Object.assign(capabilities.capabilities, { V9_9: {} });
    }),
    'an application without organisations, by the ordering service': update((config) => {
      group(config.channel_group, 'Application').groups = {};
    }),
  };

  it.each(Object.entries(asked))('%s', async (__, ask) => {
    const [ours, go] = (await Promise.all(networks.map(ask))).map(said);
    expect(ours).toEqual(go);
    expect(go?.said).not.toBe('');
  });
});

function value(config: ConfigJson, name: string): unknown {
  return group(config.channel_group, 'Orderer').values[name]?.value;
}

type Ask = (network: InteropNetwork) => Promise<CommandResult>;

function osnadmin(...args: readonly string[]): Ask {
  return (network) => network.osnadmin(args);
}

function fetch(which: string, channel: string, host = PEER): Ask {
  return (network) => {
    const what = ['channel', 'fetch', which, network.file('none.block'), '-c', channel];
    return network.peerOf(host).attempt([...what, ...network.ordererFlags]);
  };
}

/** Sent by the ordering service's administrator. */
function update(
  change: (config: ConfigJson) => void,
  by: (network: InteropNetwork) => PeerCommand = (network) => network.ordererAdmin,
  channel = CHANNEL,
): Ask {
  return async (network) => {
    const file = await makeUpdate(network, network.peerOf(PEER), change);
    return by(network).attempt(['channel', 'update', '-f', file, '-c', channel, ...network.ordererFlags]);
  };
}

function timeout(text: string): Ask {
  return update((config) => {
    Object.assign(value(config, 'BatchTimeout') as object, { timeout: text });
  });
}

function smallerBatches(by: (network: InteropNetwork) => PeerCommand, channel = CHANNEL): Ask {
  return update(
    (config) => {
      batchSize(config)['max_message_count'] = 3;
    },
    by,
    channel,
  );
}

/** Without what differs from network to network. */
function said({ status, stdout, stderr }: CommandResult): { readonly status: number; readonly said: string } {
  const text = `${stdout}${stderr}`
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'HASH')
    .replaceAll(/Adjusting keepalive.*\n/g, '');
  return { status, said: text };
}
