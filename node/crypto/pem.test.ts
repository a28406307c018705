import { describe, expect, it } from 'vitest';
import { decodePem, encodePem } from './pem.ts';

const der = Uint8Array.from({ length: 100 }, (_, index) => index);
const pem = encodePem('CERTIFICATE', der);
const read = (text: string) => {
  const block = decodePem(Buffer.from(text, 'latin1'));
  return block === null ? null : { type: block.type, same: Buffer.compare(block.bytes, der) === 0 };
};

describe('PEM', () => {
  it.each([
    ['as written', pem],
    ['with text around it', `some words\n${pem}more words`],
    ['with line ends of Windows', pem.replaceAll('\n', '\r\n')],
    ['with blanks at line ends', pem.replaceAll('\n', ' \t\n')],
    ['without a line end at the end', pem.trimEnd()],
    ['with headers', pem.replace('-----\n', '-----\nProc-Type: 4\nDEK-Info: x\n\n')],
    ['after a block that is none', `-----BEGIN CERTIFICATE-----\n####\n-----END CERTIFICATE-----\n${pem}`],
    ['after a beginning without end', `-----BEGIN OTHER-----\n${pem}`],
  ])('is read %s', (_, text) => {
    expect(read(text)).toEqual({ type: 'CERTIFICATE', same: true });
  });

  it.each([
    ['without end', pem.slice(0, -30)],
    ['with another end', pem.replace('END CERTIFICATE', 'END SOMETHING')],
    ['with words after the end', pem.trimEnd().concat(' and so on')],
    ['that begins within a line', `x${pem}`],
    ['without padding', pem.replace(/=+\n/, '\n')],
    ['of nothing', ''],
  ])('is refused %s', (_, text) => {
    expect(read(text)).toBeNull();
  });

  it('may be empty, and tells what follows', () => {
    const block = decodePem(Buffer.from('-----BEGIN X-----\n-----END X-----\nrest'));
    expect([block?.type, block?.bytes.length, Buffer.from(block?.rest ?? []).toString()]).toEqual(['X', 0, 'rest']);
  });
});
