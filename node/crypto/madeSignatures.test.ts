import { describe, expect, it } from 'vitest';
import { authority, issue } from '#node/msp/testAuthority.ts';
import { madeHere, rememberSignature } from './madeSignatures.ts';
import { Signer } from './sign.ts';

const signerOf = (name: string): Signer => {
  const { pem, privateKey } = issue(authority('ca'), { name });
  return new Signer({
    mspId: 'Org1MSP',
    keyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    certificatePem: pem,
  });
};
const message = Buffer.from('what is endorsed');

describe('signatures made here', () => {
  const [own, other] = [signerOf('peer0'), signerOf('peer1')];
  const { publicKey } = own.certificate;

  it('are known again: key, message, signature and digest together', () => {
    const signature = own.signSync(message);
    expect(madeHere(publicKey, message, signature)).toBe(false);
    rememberSignature(own, message, signature);
    expect(madeHere(publicKey, message, signature)).toBe(true);
    expect(madeHere(publicKey, message, signature, 'sha3-256')).toBe(false);
    expect(madeHere(other.certificate.publicKey, message, signature)).toBe(false);
    expect(madeHere(publicKey, Buffer.from('something else'), signature)).toBe(false);
    expect(madeHere(publicKey, message, own.signSync(message))).toBe(false);
  });

  it('are forgotten, the oldest first, when there are many', () => {
    const signature = own.signSync(message);
    rememberSignature(own, message, signature);
    const fill = (from: number): void => {
      for (let index = from; index < from + 5000; index++) {
        rememberSignature(own, message, Buffer.from(`signature ${index}`));
      }
    };
    fill(0);
    expect(madeHere(publicKey, message, signature)).toBe(true);
    fill(5000);
    expect(madeHere(publicKey, message, signature)).toBe(false);
    expect(madeHere(publicKey, message, Buffer.from('signature 9999'))).toBe(true);
  });
});
