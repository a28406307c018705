import { expect, test } from 'vitest';
import { Trace } from '../../../trace/trace.ts';
import { fixtures } from './fixtures.ts';

test.each(fixtures)('fixture $txId fits the schema of a trace', (fixture) => {
  expect(Trace.parse(fixture)).toEqual(fixture);
});
