import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RecordIds } from './recordId.ts';

function expected(name: string, line: Buffer, index: number): string {
  const hash = createHash('sha256').update(name).update('\0').update(line).update('\0').update(String(index));
  return hash.digest('hex').slice(0, 16);
}

describe('RecordIds', () => {
  it('hashes name, raw line and index, whatever came before', () => {
    const ids = new RecordIds();
    const names = ['peer0', '', 'orderer1.example.com', 'peer0', 'ü'.repeat(5000), 'peer0'];
    const lines = ['{"a":1}', '', 'x'.repeat(10_000), 'y'.repeat(3_000_000), '\u00ff', 'z'];
    for (const [index, name] of names.entries()) {
      for (const line of lines) {
        const bytes = Buffer.from(`before${line}after`, 'latin1');
        const id = ids.of(name, bytes, 6, 6 + line.length, index);
        expect(id).toBe(expected(name, Buffer.from(line, 'latin1'), index));
      }
    }
  });
});
