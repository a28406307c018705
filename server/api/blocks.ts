import { ApiProblem } from '../problems.ts';
import { BLOCK_EXAMPLE } from './examples.ts';
import { given } from './given.ts';
import { NoInput } from './noInput.ts';
import { jsonOperation } from './operation.ts';
import { Block, BlockList, BlockListQuery, BlockParams } from './schemas.ts';

export const listBlocks = jsonOperation({
  id: 'listBlocks',
  path: '/api/v1/blocks',
  tag: 'network',
  summary: 'Blocks, newest first',
  description: 'Page by page: give `next` of an answer as `cursor` of the next request.',
  params: NoInput,
  query: BlockListQuery,
  answer: {
    name: 'BlockList',
    schema: BlockList,
    description: 'A page of blocks',
    example: { items: [BLOCK_EXAMPLE], next: null },
  },
  problems: ['invalid_request'],
  exampleQuery: 'channel=mychannel&limit=10',
  async handle({ query }, { store }) {
    return { body: await store.blocks(given(query)) };
  },
});

export const getBlock = jsonOperation({
  id: 'getBlock',
  path: '/api/v1/blocks/{channel}/{number}',
  tag: 'network',
  summary: 'One block: its transactions and who committed it when',
  params: BlockParams,
  query: NoInput,
  answer: { name: 'Block', schema: Block, description: 'The block', example: BLOCK_EXAMPLE },
  problems: ['invalid_request', 'block_not_found'],
  exampleParams: { channel: 'mychannel', number: '4' },
  async handle({ params }, { store }) {
    const block = await store.block(params.channel, params.number);
    if (block === null) throw new ApiProblem('block_not_found');
    return { body: block, cache: 'revalidate' };
  },
});
