import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoggerLevels } from '#node/operations/loggerLevels.ts';
import { givenBack, sameSpec } from './logSpecText.ts';

const level = fc
  .constantFrom(
    'payload',
    'debug',
    'info',
    'notice',
    'warn',
    'warning',
    'error',
    'critical',
    'dpanic',
    'panic',
    'fatal',
  )
  .chain((name) => fc.constantFrom(name, name.toUpperCase()));
const logger = fc.constantFrom('gossip', 'gossip.', 'gossip.comm', 'endorser', 'a#b', 'ledger:x'.replace(':', '-'));
const segment = fc.oneof(
  level,
  fc.constant(''),
  fc.tuple(fc.array(logger, { minLength: 1, maxLength: 3 }), level).map(([names, own]) => `${names.join(',')}=${own}`),
);
const spec = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join(':'));

describe('a log specification', () => {
  it('is the same as what a node makes of it', () => {
    fc.assert(
      fc.property(spec, (text) => {
        expect(sameSpec(text, new LoggerLevels(text).spec)).toBe(true);
      }),
    );
  });

  it('differs from another where a node makes something else of it', () => {
    fc.assert(
      fc.property(spec, spec, (one, other) => {
        expect(sameSpec(one, other)).toBe(new LoggerLevels(one).spec === new LoggerLevels(other).spec);
      }),
    );
  });

  it('can be given back to the node that told it', () => {
    fc.assert(
      fc.property(spec, (text) => {
        const { spec: told } = new LoggerLevels(text);
        expect(new LoggerLevels(givenBack(told)).spec).toBe(told);
      }),
    );
    expect(givenBack('a=Level(-2):info')).toBe('a=payload:info');
  });

  it('that is none equals only itself', () => {
    expect(sameSpec('a=b=c', 'a=b=c')).toBe(true);
    expect(sameSpec('a=b=c', 'a=b')).toBe(false);
    expect(sameSpec('', 'info')).toBe(true);
  });
});
