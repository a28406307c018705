import { verify, X509Certificate } from 'node:crypto';
import { z } from 'zod';

/** `ftl.seal` of a record at point `seal`, stage `signed`. */
export const Seal = z.object({
  seq: z.int().min(0),
  chain: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string().max(8192),
  certificate: z.string().max(65_536).optional(),
});
export type Seal = z.infer<typeof Seal>;

/** Whether the signature is one of the certificate's key over the stream up to the record that the seal names. */
export function sealHolds(node: string, stream: string, seal: Seal, certificatePem: string): boolean {
  try {
    const certificate = new X509Certificate(certificatePem);
    const { publicKey } = certificate;
    const text = Buffer.from(`ftl-seal\n${node}\n${stream}\n${seal.seq}\n${seal.chain}\n`);
    const algorithm = publicKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
    // Another node's certificate proves nothing about this one.
    const names = [
      ...certificate.subject.split('\n').filter((part) => part.startsWith('CN=')),
      `CN=${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`,
    ];
    return names.includes(`CN=${node}`) && verify(algorithm, text, publicKey, Buffer.from(seal.signature, 'base64'));
  } catch {
    return false;
  }
}
