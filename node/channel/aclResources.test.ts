import { describe, expect, it } from 'vitest';
import { AccessControlList, localPolicyFor } from './aclResources.ts';
import { goDurationError, parseGoDuration, printGoDuration } from './goDuration.ts';

describe('access control', () => {
  it('goes by the configuration, else by the default', () => {
    const acls = new AccessControlList([
      ['qscc/GetChainInfo', 'Admins'],
      ['event/Block', '/Channel/Readers'],
      ['peer/Propose', ''],
    ]);
    expect(acls.policyFor('qscc/GetChainInfo')).toBe('/Channel/Application/Admins');
    expect(acls.policyFor('event/Block')).toBe('/Channel/Readers');
    expect(acls.policyFor('peer/Propose')).toBe('/Channel/Application/Writers');
    expect(acls.policyFor('event/FilteredBlock')).toBe('/Channel/Application/Readers');
    expect(acls.policyFor('constructor')).toBeNull();
  });

  it('leaves the node to its own organisation', () => {
    expect(localPolicyFor('cscc/JoinChain')).toBe('Admins');
    expect(localPolicyFor('cscc/GetChannels')).toBe('Members');
    expect(localPolicyFor('qscc/GetChainInfo')).toBeNull();
  });
});

describe('durations', () => {
  it.each([
    ['500ms', 500_000_000n],
    ['1h1m1.5s', 3_661_500_000_000n],
    ['.5s', 500_000_000n],
    ['1.s', 1_000_000_000n],
    ['+2us', 2_000n],
    ['-1s', -1_000_000_000n],
    ['1µs', 1_000n],
    ['1μs', 1_000n],
    ['0', 0n],
    ['0.4ns', 0n],
    ['9223372036854775807ns', (1n << 63n) - 1n],
    ['-9223372036854775808ns', -(1n << 63n)],
  ])('reads %s as Go does', (text, nanoseconds) => {
    expect(parseGoDuration(text)).toBe(nanoseconds);
  });

  it.each(['', '-', '1', '1.5', 's', '.s', '1x', '1e3s', '1 s', '9223372036854775808ns', '2562048h', '9'.repeat(500)])(
    'refuses %j',
    (text) => {
      expect(parseGoDuration(text)).toBeNull();
    },
  );

  it.each([
    ['soon', 'invalid duration "soon"'],
    ['', 'invalid duration ""'],
    ['2', 'missing unit in duration "2"'],
    ['1m2fortnights', 'unknown unit "fortnights" in duration "1m2fortnights"'],
    ['1.', 'missing unit in duration "1."'],
    ['.', 'invalid duration "."'],
    ['+5', 'missing unit in duration "+5"'],
    ['1h-2m', 'unknown unit "h-" in duration "1h-2m"'],
    ['9223372036854775808ns', 'invalid duration "9223372036854775808ns"'],
    ['1"s', 'unknown unit "\\"s" in duration "1\\"s"'],
    ['1µ', 'unknown unit "\\xc2\\xb5" in duration "1\\xc2\\xb5"'],
  ])('says what is wrong with %j as Go does', (text, reason) => {
    expect(goDurationError(text)).toBe(`time: ${reason}`);
  });

  it.each([
    [0n, '0s'],
    [1n, '1ns'],
    [1_500n, '1.5µs'],
    [20_500_000n, '20.5ms'],
    [999_999_999n, '999.999999ms'],
    [1_500_000_000n, '1.5s'],
    [60_000_000_000n, '1m0s'],
    [3_723_000_000_001n, '1h2m3.000000001s'],
    [-62_500_000_000n, '-1m2.5s'],
  ])('prints %d ns as Go does', (nanoseconds, text) => {
    expect(printGoDuration(nanoseconds)).toBe(text);
  });
});
