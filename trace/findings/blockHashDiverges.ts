import type { FindingRule } from './rule.ts';
import { distinct, listOf } from './wording.ts';

export const blockHashDiverges: FindingRule = {
  code: 'block_hash_diverges',
  severity: 'critical',
  title: 'Two different blocks have the same number',
  explanation:
    'For one block number there are two block hashes (the chain has forked) or two commit hashes (the peers’ ledgers differ in content or codes). Fabric must never let that happen: stop, keep the evidence, compare the ledgers.',
  find({ hashWitnesses, block }) {
    const told: string[] = [];
    const records: string[] = [];
    for (const kind of ['hash', 'commit'] as const) {
      const witnesses = hashWitnesses.filter((one) => one.kind === kind);
      if (witnesses.every(({ hash }) => hash === witnesses[0]!.hash)) continue;
      const hashes = distinct(witnesses.map(({ hash }) => hash)).toSorted();
      const sides = hashes.map((hash) => {
        const who = distinct(witnesses.filter((one) => one.hash === hash).map(({ peer }) => peer ?? '')).toSorted();
        const peers = who.filter((id) => id !== '');
        return `${hash.slice(0, 16)}… (${peers.length === 0 ? 'a block source' : listOf(peers)})`;
      });
      told.push(`${kind === 'hash' ? 'block' : 'commit'} hashes ${sides.join(' and ')}`);
      records.push(...witnesses.map(({ record }) => record));
    }
    if (told.length === 0) return null;
    return {
      severity: 'critical',
      message: `Block ${block?.number} is not the same everywhere: ${told.join('; ')}.`,
      records: distinct(records),
    };
  },
};
