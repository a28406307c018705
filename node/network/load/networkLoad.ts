import type { NetworkConnections } from '../connections.ts';
import { NetworkError } from '../networkError.ts';
import { LoadGenerator, type LoadModules, type LoadOptions } from './loadGenerator.ts';

/**
 * A load on a channel of a local network: in the names of every organisation's users, endorsed by the first peer of each, followed at
 * the first peer of the first.
 * @throws NetworkError `not_found`, `not_ready`; the signal's reason
 */
export async function networkLoad(
  options: LoadOptions,
  connections: NetworkConnections,
  signal: AbortSignal,
): Promise<LoadGenerator> {
  const { layout } = connections;
  const channel = layout.channels.find(({ name }) => name === options.channelId);
  if (channel === undefined) {
    throw new NetworkError('not_found', `there is no channel ${options.channelId} in this network`);
  }
  if (!layout.chaincodes.some(({ name, channels }) => name === options.chaincode && channels.includes(channel.name))) {
    throw new NetworkError('not_found', `there is no chaincode ${options.chaincode} on ${channel.name}`);
  }
  const members = channel.organizations.map((name) => {
    const organization = connections.organization(name);
    const [first] = organization.peers;
    if (first === undefined) {
      throw new NetworkError('bad_layout', `${name} has no peers`);
    }
    return { organization, first };
  });
  const [followed] = members;
  if (followed === undefined) {
    throw new NetworkError('bad_layout', `${channel.name} has no organisations`);
  }
  const commits = connections.watcher(followed.organization, followed.first, channel.name);
  await commits.ready(signal);
  const modules: LoadModules = {
    users: members.flatMap(({ organization }) =>
      Array.from({ length: organization.users }, (_, index) => connections.signer(organization, `User${index + 1}`)),
    ),
    endorsers: members.map(({ organization, first }) => connections.peer(organization, first)),
    orderer: connections.broadcaster,
    commits,
  };
  return new LoadGenerator(options, modules);
}
