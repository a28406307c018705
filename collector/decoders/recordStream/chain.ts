import { hash } from 'node:crypto';

/** Value before the first record of a stream (docs/record-chain.md). */
export function chainStart(node: string, stream: string): string {
  return hash('sha256', `ftl-record-chain\n${node}\n${stream}\n`, 'hex');
}

/** Length of `,"chain":"<64 hex digits>"`. */
const CHAIN_MEMBER = 75;

/** Whether a line ends as a node writes it, with this chain value. Slices: `endsWith` of a made-up text costs ten times as much. */
export function isAsWritten(line: string, chain: string): boolean {
  return (
    chain.length === 64 && line.slice(-67, -3) === chain && line.slice(-77, -67) === BEFORE && line.slice(-3) === AFTER
  );
}

const BEFORE = ',"chain":"';
const AFTER = '"}}';

/** The chain value that this line should have after `before`. The line must be as written. */
export function chainAfter(before: string, line: string): string {
  return hash('sha256', `${before}${line.slice(0, -CHAIN_MEMBER - 2)}}}`, 'hex');
}
