import { expect, it } from 'vitest';
import { selectorsOf } from '#test/harness/promql.ts';

it.each([
  ['up', ['up']],
  ['up{job="fabric"} == 0', ['up{job="fabric"}']],
  [
    'sum by (node, le) (rate(a_bucket{x="b}"}[5m])) / on (node) group_left (msp) c offset 1m',
    ['a_bucket{x="b}"}', 'c'],
  ],
  ['max(level:a:rate5m) * 1e3 or vector(0) unless b{c=~"d(e)"} offset 1h', ['level:a:rate5m', 'b{c=~"d(e)"}']],
  ['x < 30 * 86400 and x >= 10e9', ['x', 'x']],
])('the selectors of %s', (expr, selectors) => {
  expect(selectorsOf(expr).map(({ name, matchers }) => name + matchers)).toEqual(selectors);
});

it('a selector without a name is refused', () => {
  expect(() => selectorsOf('rate({job="fabric"}[5m])')).toThrow('without a name');
});
