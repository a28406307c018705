import { expect, inject, it } from 'vitest';

it('runs against a cluster that is ready', async () => {
  const answer = await fetch(`${inject('elasticsearchUrl')}/_cluster/health`);
  expect(await answer.json()).toMatchObject({ status: expect.stringMatching(/^(green|yellow)$/) as string });
});
