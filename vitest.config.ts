import { defineConfig } from 'vitest/config';
import { elasticsearchPlace } from './test/harness/elasticsearchDistribution.ts';

/** A busy machine may take a while for what a quiet one does at once. */
const POLL = { poll: { timeout: 60_000 } };

/**
 * Suites: `unit` beside the code, `e2e` with real processes, `browser` with a real Chromium; `interop` with Go Fabric's programs, where
 * FABRIC_BIN names their folder; `elasticsearch` with a real Elasticsearch, where one can be started or ELASTICSEARCH_URL names one.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{trace,node,collector,server,config,cli,build}/**/*.test.ts',
            'web/src/**/*.test.ts',
            'test/unit/**/*.test.ts',
          ],
          testTimeout: 30_000,
          expect: { poll: { timeout: 25_000 } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: POLL,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: POLL,
          maxWorkers: 1,
        },
      },
      ...((process.env['FABRIC_BIN'] ?? '') === ''
        ? []
        : [
            {
              test: {
                name: 'interop',
                include: ['test/interop/**/*.test.ts'],
                testTimeout: 180_000,
                hookTimeout: 180_000,
                expect: POLL,
                maxWorkers: 1,
              },
            },
          ]),
      ...('notThere' in elasticsearchPlace()
        ? []
        : [
            {
              test: {
                name: 'elasticsearch',
                include: ['test/elasticsearch/**/*.test.ts'],
                globalSetup: ['test/elasticsearch/globalSetup.ts'],
                testTimeout: 300_000,
                hookTimeout: 300_000,
                expect: POLL,
                // Tests that wait (for a lease to run out, a disk to be looked at) leave the processor to others.
                maxWorkers: 2,
              },
            },
          ]),
    ],
  },
});
