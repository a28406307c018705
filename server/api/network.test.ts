import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FINDING_CODES } from '#trace/findings/codes.ts';
import { expectAnswer, expectProblem } from '../test/answers.ts';
import { PROBLEMS } from '../problems.ts';
import { type TestServer, testServer } from '../test/runningServer.ts';
import { BLOCK, CHANNEL, COMPLETE, IN_BOTH, OTHER_CHANNEL, PEERS } from '../test/sampleRecords.ts';
import { Block, BlockList, ChannelList, FindingCatalogue, LeaderList, NodeList, Statistics } from './schemas.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.stop());

describe('blocks', () => {
  it('lists them, of one channel or all, page by page', async () => {
    const all = await expectAnswer(await server.get('/api/v1/blocks'), BlockList);
    expect(all.items.map((block) => block.channel).toSorted()).toEqual([CHANNEL, OTHER_CHANNEL]);
    const first = await expectAnswer(await server.get('/api/v1/blocks?limit=1'), BlockList);
    const second = await expectAnswer(
      await server.get(`/api/v1/blocks?limit=1&cursor=${encodeURIComponent(first.next ?? '')}`),
      BlockList,
    );
    expect([...first.items, ...second.items]).toEqual(all.items);
    const one = await expectAnswer(await server.get(`/api/v1/blocks?channel=${CHANNEL}`), BlockList);
    expect(one.items.map((block) => block.number)).toEqual([BLOCK]);
  });

  it('answers one, with an ETag', async () => {
    const response = await server.get(`/api/v1/blocks/${CHANNEL}/${BLOCK}`);
    const etag = response.headers.get('etag') ?? '';
    const block = await expectAnswer(response, Block);
    expect(block.txs.map((tx) => tx.id)).toEqual([COMPLETE, IN_BOTH]);
    expect(block.commits).toHaveLength(PEERS.length);
    const again = await server.get(`/api/v1/blocks/${CHANNEL}/${BLOCK}`, { 'If-None-Match': etag });
    expect(again.status).toBe(304);
  });

  it.each([
    [`blocks/${CHANNEL}/4000`, 404, 'block_not_found'],
    ['blocks/nochannel/4', 404, 'block_not_found'],
    [`blocks/${CHANNEL}/last`, 400, 'invalid_request'],
    [`blocks/${CHANNEL}/-1`, 400, 'invalid_request'],
    [`blocks/${CHANNEL}/1e99`, 400, 'invalid_request'],
    ['blocks?limit=0', 400, 'invalid_request'],
    ['blocks?cursor=made-up', 400, 'invalid_request'],
    [`blocks/${CHANNEL}`, 404, 'not_found'],
  ] as const)('refuses %s', async (path, status, code) => {
    const problem = await expectProblem(await server.get(`/api/v1/${path}`), status, code);
    expect(problem.title).toBe(PROBLEMS[code].title);
  });
});

describe('the network', () => {
  it('answers nodes, channels and leaders', async () => {
    const nodes = await expectAnswer(await server.get('/api/v1/nodes'), NodeList);
    for (const peer of nodes.items.filter((node) => node.kind === 'peer')) {
      expect(peer).toMatchObject({ observed: true, starts: ['2026-11-21T00:00:00.000000Z'] });
      expect(peer.channels.find((one) => one.channel === CHANNEL)?.height).toBe(BLOCK + 1);
    }
    expect(nodes.items.filter((node) => node.kind === 'peer')).toHaveLength(PEERS.length);
    const channels = await expectAnswer(await server.get('/api/v1/channels'), ChannelList);
    expect(channels.items.map((item) => item.channel).toSorted()).toEqual([CHANNEL, OTHER_CHANNEL]);
    const all = await expectAnswer(await server.get('/api/v1/leaders'), LeaderList);
    expect(all.items).toMatchObject([
      { channel: CHANNEL, kind: 'gossip', msp: 'Org1MSP', node: `Org1MSP/${PEERS[0]}`, to: null },
    ]);
    expect(await expectAnswer(await server.get(`/api/v1/leaders?channel=${CHANNEL}`), LeaderList)).toEqual(all);
    const none = await expectAnswer(await server.get(`/api/v1/leaders?channel=${OTHER_CHANNEL}`), LeaderList);
    expect(none.items).toEqual([]);
  });

  it.each(['nodes?msp=Org1MSP', 'channels?x=1', 'leaders?from=2026', 'findings?code=x'])(
    'refuses %s, a parameter that it does not know',
    async (path) => {
      const problem = await expectProblem(await server.get(`/api/v1/${path}`), 400, 'invalid_request');
      expect(problem.issues).toHaveLength(1);
    },
  );
});

describe('statistics', () => {
  it('answers for all time and for a range', async () => {
    const all = await expectAnswer(await server.get('/api/v1/statistics'), Statistics);
    expect(all.bucketUs).toBeGreaterThan(0);
    expect(all.outcomes).toMatchObject({ VALID: 3 });
    const range = 'from=2026-11-21T00:00:00Z&to=2026-11-21T01:00:00Z&bucketUs=60000000';
    await expectAnswer(await server.get(`/api/v1/statistics?channel=${CHANNEL}&${range}`), Statistics);
  });

  it.each(['from=today', 'bucketUs=-1', 'bucketUs='])('refuses ?%s', async (query) => {
    const problem = await expectProblem(await server.get(`/api/v1/statistics?${query}`), 400, 'invalid_request');
    expect(problem.issues?.[0]?.path).toBe(query.split('=')[0]);
  });
});

describe('the catalogue of findings', () => {
  it('holds every code, and may be kept', async () => {
    const response = await server.get('/api/v1/findings');
    const etag = response.headers.get('etag') ?? '';
    const { items } = await expectAnswer(response, FindingCatalogue);
    expect(items.map((item) => item.code).toSorted()).toEqual(FINDING_CODES.toSorted());
    expect((await server.get('/api/v1/findings', { 'If-None-Match': etag })).status).toBe(304);
  });
});
