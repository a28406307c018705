import { describe, expect, it } from 'vitest';
import { LoggerLevels } from './loggerLevels.ts';

const written = (spec: string): string => new LoggerLevels(spec).spec;

const refusal = (spec: string): string => {
  try {
    return new LoggerLevels(spec).spec;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a logging specification', () => {
  it('is written back as Fabric does: sorted, the level of all others last', () => {
    expect(written('')).toBe('info');
    expect(written('WARNING')).toBe('warn');
    expect(written('debug:gossip,endorser=warn:ledger.=ERROR')).toBe('endorser=warn:gossip=warn:ledger.=error:debug');
    expect(written('a=debug')).toBe('a=debug:info');
    expect(written('payload')).toBe('Level(-2)');
    expect(written('a=notice:a=critical')).toBe('a=error:info');
  });

  it('gives each logger the level of the longest name that it begins with', () => {
    const levels = new LoggerLevels('gossip=debug:gossip.state=error:ledger.=debug:warn');
    const info = (logger: string): boolean => levels.enabled(logger, 'info');
    expect(
      ['gossip', 'gossip.comm', 'gossip.state', 'gossip.state.x', 'gossipx', 'ledger', 'ledger.x'].map(info),
    ).toEqual([true, true, false, false, false, true, false]);
    expect(levels.enabled('gossip.state', 'error')).toBe(true);
    levels.activate('error');
    expect(info('gossip')).toBe(false);
  });

  it("is refused with Fabric's words, and nothing changes", () => {
    expect(refusal('nonsense')).toBe("invalid logging specification 'nonsense': bad segment 'nonsense'");
    expect(refusal('Debug')).toBe("invalid logging specification 'Debug': bad segment 'Debug'");
    expect(refusal('constructor')).toBe("invalid logging specification 'constructor': bad segment 'constructor'");
    expect(refusal('=info')).toBe("invalid logging specification '=info': no logger specified in segment '=info'");
    expect(refusal('a=b=info')).toBe("invalid logging specification 'a=b=info': bad segment 'a=b=info'");
    expect(refusal('a=loud')).toBe("invalid logging specification 'a=loud': bad segment 'a=loud'");
    expect(refusal('a..b=info')).toBe("invalid logging specification 'a..b=info': bad logger name 'a..b'");
    expect(refusal('a,=info')).toBe("invalid logging specification 'a,=info': bad logger name ''");
    const levels = new LoggerLevels('warn');
    expect(() => levels.activate('debug:x=')).toThrow("bad segment 'x='");
    expect(levels.spec).toBe('warn');
  });
});
