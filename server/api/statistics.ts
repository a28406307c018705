import type { z } from 'zod';
import { STATISTICS_EXAMPLE } from './examples.ts';
import { asUtc, given } from './given.ts';
import { NoInput } from './noInput.ts';
import { type Frozen, jsonOperation } from './operation.ts';
import { Statistics, StatisticsQuery } from './schemas.ts';

type Severities = Frozen<z.output<typeof Statistics>>['findings'];

export const getStatistics = jsonOperation({
  id: 'getStatistics',
  path: '/api/v1/statistics',
  tag: 'traces',
  summary: 'Throughput by outcome, latency of each stage, findings, and who calls whom',
  description: 'Durations in microseconds. `NONE` stands for transactions that no peer has committed.',
  params: NoInput,
  query: StatisticsQuery,
  answer: { name: 'Statistics', schema: Statistics, description: 'The statistics', example: STATISTICS_EXAMPLE },
  problems: ['invalid_request'],
  exampleQuery: 'channel=mychannel&from=2026-11-21T00:20:00Z',
  async handle({ query }, { store }) {
    const { from, to, ...others } = query;
    const statistics = await store.statistics(given({ ...others, from: from && asUtc(from), to: to && asUtc(to) }));
    // The store names severities as text; they come from the catalogue of findings.
    return { body: { ...statistics, findings: statistics.findings as Severities } };
  },
});
