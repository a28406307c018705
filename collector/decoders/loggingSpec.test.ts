import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RULES } from './fabricLog/rules/table.ts';
import { LOGGING_SPECS, loggingSpecPage, loggingSpecText } from './loggingSpec.ts';

describe('the logging specification', () => {
  it('names only loggers whose lines become records', () => {
    const loggers = LOGGING_SPECS.flatMap(({ loggers: { peer, orderer } }) => [...peer, ...orderer]);
    expect(loggers.filter(({ logger }) => !RULES.has(logger))).toEqual([]);
    expect(loggers.length).toBeGreaterThan(5);
  });

  it('reads as Fabric parses it: levels by logger, colons between, the default first', () => {
    for (const { peer, orderer } of LOGGING_SPECS) {
      for (const spec of [peer, orderer]) expect(spec).toMatch(/^info(:[a-z.A-Z]+=debug)*$/);
    }
  });

  it('is what the reference page shows', () => {
    const page = readFileSync(new URL('../../docs/reference/logging-spec.md', import.meta.url), 'utf8');
    expect(page).toBe(loggingSpecPage());
  });

  it('prints each level with what it adds and costs', () => {
    for (const { peer, title } of LOGGING_SPECS) {
      expect(loggingSpecText()).toContain(title);
      expect(loggingSpecText()).toContain(`FABRIC_LOGGING_SPEC=${peer}\n`);
    }
  });
});
