import { expect, test } from 'vitest';
import { satisfies } from './ownLibraries.ts';

test.each([
  ['^2.5.8', true],
  ['^2.5.0', true],
  ['^2.0', true],
  ['2', true],
  ['2.x', true],
  ['2.5.x', true],
  ['~2.5.3', true],
  ['2.5.8', true],
  ['*', true],
  ['latest', true],
  ['', true],
  ['^2.5.9', false],
  ['^2.6.0', false],
  ['~2.4.0', false],
  ['2.5.7', false],
  ['^3.0.0', false],
  ['^1.4.0', false],
  ['>=2.0.0', false],
  ['github:someone/fabric-shim', false],
  ['file:../shim', false],
])('2.5.8 for %j: %s', (range, expected) => {
  expect(satisfies('2.5.8', range)).toBe(expected);
});
