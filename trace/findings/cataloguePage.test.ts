import { expect, test } from 'vitest';
import { FINDINGS, RULES } from './catalogue.ts';
import { committedPage, findingsPage } from './cataloguePage.ts';
import { FINDING_CODES } from './codes.ts';

test('the committed page is the generated one', () => {
  expect(committedPage()).toBe(findingsPage());
});

test('every code has its rule, under its own name', () => {
  expect(Object.keys(FINDINGS)).toEqual([...FINDING_CODES]);
  for (const code of FINDING_CODES) expect(RULES[code].code).toBe(code);
});
