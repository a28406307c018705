import type { HalfTrace } from '../assemble/halfTrace.ts';
import type { Finding } from '../trace.ts';
import type { FindingCode } from './codes.ts';
import type { FindingRule, Severity } from './rule.ts';

export const RULES: readonly FindingRule[] = [];

export const FINDINGS = Object.fromEntries(
  RULES.map(({ code, severity, title, explanation }) => [code, { severity, title, explanation }]),
) as Record<FindingCode, { severity: Severity; title: string; explanation: string }>;

/** All findings of a trace, in the catalogue's order. */
export function findAll(half: HalfTrace): Finding[] {
  const findings: Finding[] = [];
  for (const rule of RULES) {
    const found = rule.find(half);
    if (found) findings.push({ code: rule.code, ...found });
  }
  return findings;
}
