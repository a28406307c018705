import { LEADER_EXAMPLE, NODE_EXAMPLE } from './examples.ts';
import { NoInput } from './noInput.ts';
import { jsonOperation } from './operation.ts';
import { ChannelList, LeaderList, LeaderListQuery, NodeList } from './schemas.ts';

export const listNodes = jsonOperation({
  id: 'listNodes',
  path: '/api/v1/nodes',
  tag: 'network',
  summary: 'Peers, orderers and clients, as the records reveal them',
  params: NoInput,
  query: NoInput,
  answer: { name: 'NodeList', schema: NodeList, description: 'The nodes', example: { items: [NODE_EXAMPLE] } },
  problems: ['invalid_request'],
  async handle(_input, { store }) {
    return { body: { items: await store.nodes() } };
  },
});

export const listChannels = jsonOperation({
  id: 'listChannels',
  path: '/api/v1/channels',
  tag: 'network',
  summary: 'Channels with their height and peers',
  params: NoInput,
  query: NoInput,
  answer: {
    name: 'ChannelList',
    schema: ChannelList,
    description: 'The channels',
    example: {
      items: [{ channel: 'mychannel', height: 5, peers: ['Org1MSP/peer0.org1.example.com'], traces: 31 }],
    },
  },
  problems: ['invalid_request'],
  async handle(_input, { store }) {
    return { body: { items: await store.channels() } };
  },
});

export const listLeaders = jsonOperation({
  id: 'listLeaders',
  path: '/api/v1/leaders',
  tag: 'network',
  summary: 'Who led when: gossip leaders of the organisations, consensus leaders of the ordering service',
  params: NoInput,
  query: LeaderListQuery,
  answer: { name: 'LeaderList', schema: LeaderList, description: 'Terms', example: { items: [LEADER_EXAMPLE] } },
  problems: ['invalid_request'],
  exampleQuery: 'channel=mychannel',
  async handle({ query }, { store }) {
    return { body: { items: await store.leaders(query.channel) } };
  },
});
