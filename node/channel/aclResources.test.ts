import { describe, expect, it } from 'vitest';
import { AccessControlList, localPolicyFor } from './aclResources.ts';
import { parseGoDuration } from './goDuration.ts';

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
});
