import type { KeyObject } from 'node:crypto';
import type { SignatureDigest } from './hash.ts';

/** One signature to check. */
export interface VerifyRequest {
  readonly key: KeyObject;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  /** Of ECDSA; SHA-256 unless the MSP says otherwise. */
  readonly digest?: SignatureDigest;
}
