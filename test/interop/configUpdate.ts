import { readFileSync, writeFileSync } from 'node:fs';
import { CHANNEL } from './interopLayout.ts';
import type { InteropNetwork } from './interopNetwork.ts';
import type { PeerCommand } from './peerCommand.ts';

/** A channel's configuration as configtxlator gives it. */
export interface ConfigJson {
  sequence: string;
  channel_group: ConfigGroup;
}

interface ConfigGroup {
  groups: Record<string, ConfigGroup>;
  values: Record<string, { value: Record<string, unknown> }>;
}

export function group(root: ConfigGroup, ...path: readonly string[]): ConfigGroup {
  return path.reduce((at, name) => at.groups[name] as ConfigGroup, root);
}

export function batchSize(config: ConfigJson): Record<string, unknown> {
  return group(config.channel_group, 'Orderer').values['BatchSize']?.value as Record<string, unknown>;
}

/** The channel's configuration, as the orderer has it. */
export async function currentConfig(network: InteropNetwork, client: PeerCommand): Promise<ConfigJson> {
  const block = network.file('config.block');
  await client.run('channel', 'fetch', 'config', block, '-c', CHANNEL, ...network.ordererFlags);
  const decoded = await decode(network, 'common.Block', block);
  return (decoded as { data: { data: { payload: { data: { config: ConfigJson } } }[] } }).data.data[0]?.payload.data
    .config as ConfigJson;
}

/** Makes an update with configtxlator, ready to be signed. @returns its file */
export async function makeUpdate(
  network: InteropNetwork,
  client: PeerCommand,
  change: (config: ConfigJson) => void,
): Promise<string> {
  const config = await currentConfig(network, client);
  const original = await encode(network, 'common.Config', config, 'original.pb');
  change(config);
  const updated = await encode(network, 'common.Config', config, 'updated.pb');
  const update = network.file('update.pb');
  const files = ['--original', original, '--updated', updated, '--output', update];
  await network.tools.run('configtxlator', ['compute_update', '--channel_id', CHANNEL, ...files]);
  const envelope = {
    payload: {
      header: { channel_header: { channel_id: CHANNEL, type: 2 } },
      data: { config_update: await decode(network, 'common.ConfigUpdate', update) },
    },
  };
  return encode(network, 'common.Envelope', envelope, 'update.tx');
}

async function decode(network: InteropNetwork, type: string, file: string): Promise<unknown> {
  const output = network.file('decoded.json');
  await network.tools.run('configtxlator', ['proto_decode', '--type', type, '--input', file, '--output', output]);
  return JSON.parse(readFileSync(output, 'utf8'));
}

async function encode(network: InteropNetwork, type: string, content: unknown, name: string): Promise<string> {
  const [input, output] = [network.file('encoded.json'), network.file(name)];
  writeFileSync(input, JSON.stringify(content));
  await network.tools.run('configtxlator', ['proto_encode', '--type', type, '--input', input, '--output', output]);
  return output;
}
