import type { FindingRule } from './rule.ts';
import { distinct, listOf } from './wording.ts';

export const codesDiverge: FindingRule = {
  code: 'codes_diverge',
  severity: 'critical',
  title: 'Peers disagree about the result',
  explanation:
    'Two peers gave the same transaction different validation codes. Their states are no longer the same, which Fabric must never let happen: compare their ledgers, versions and chaincode definitions at once.',
  find({ codeWitnesses, block }) {
    if (codeWitnesses.every(({ code }) => code === codeWitnesses[0]!.code)) return null;
    const codes = distinct(codeWitnesses.map(({ code }) => code)).toSorted();
    const told = codes.map((code) => {
      const who = distinct(
        codeWitnesses.filter((one) => one.code === code).map(({ peer }) => peer?.id ?? ''),
      ).toSorted();
      const peers = who.filter((id) => id !== '');
      const source = who.includes('') ? 'the block as it was fetched' : '';
      return `${code} by ${[listOf(peers), source].filter((text) => text !== '').join(' and ')}`;
    });
    return {
      severity: 'critical',
      message: `The result in block ${block?.number} is not the same everywhere: ${told.join('; ')}.`,
      records: distinct(codeWitnesses.map(({ record }) => record)),
    };
  },
};
