import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import { Certificate } from './certificate.ts';
import { CryptoError } from './cryptoError.ts';
import { toLowS } from './ecdsaSignature.ts';
import type { SignatureDigest } from './hash.ts';
import { isEcdsa, keyKind } from './keys.ts';

/** Signs in the name of one certificate. */
export class Signer {
  readonly mspId: string;
  readonly certificate: Certificate;
  /** A serialised `msp.SerializedIdentity` with the certificate as it was given. */
  readonly identity: Uint8Array;
  readonly #key: KeyObject;
  /** Of ECDSA signatures. */
  readonly digest: SignatureDigest;

  /**
   * @param options key and certificate as PEM; `digest` where the MSP's hash family is not SHA2
   * @throws CryptoError `unsupported_key`, `key_mismatch`, `malformed_certificate`
   */
  constructor(options: {
    readonly mspId: string;
    readonly keyPem: string | Uint8Array;
    readonly certificatePem: string | Uint8Array;
    readonly digest?: SignatureDigest;
  }) {
    const certificatePem = Buffer.from(options.certificatePem as string);
    this.mspId = options.mspId;
    this.certificate = Certificate.fromPem(certificatePem);
    this.digest = options.digest ?? 'sha256';
    try {
      this.#key = createPrivateKey(Buffer.from(options.keyPem as string));
    } catch (cause) {
      throw new CryptoError('unsupported_key', 'the private key cannot be read', { cause });
    }
    const kind = keyKind(this.#key);
    if (!isEcdsa(kind) && kind !== 'Ed25519') {
      throw new CryptoError('unsupported_key', `keys of kind ${kind ?? this.#key.asymmetricKeyType} cannot sign`);
    }
    if (!this.certificate.matchesKey(this.#key)) {
      throw new CryptoError('key_mismatch', "the private key is not the certificate's");
    }
    const identity = new msp.SerializedIdentity();
    identity.setMspid(options.mspId);
    identity.setIdBytes(Uint8Array.from(certificatePem));
    this.identity = identity.serializeBinary();
  }

  /** ECDSA with S in the lower half, DER; or Ed25519, 64 octets. Done on libuv's threads. */
  sign(message: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      sign(this.#algorithm, message, this.#key, (error, signature) => {
        if (error === null) {
          resolve(this.#finish(signature));
        } else {
          reject(error);
        }
      });
    });
  }

  /** As `sign`, on the calling thread. */
  signSync(message: Uint8Array): Uint8Array {
    return this.#finish(sign(this.#algorithm, message, this.#key));
  }

  get #algorithm(): SignatureDigest | null {
    return keyKind(this.#key) === 'Ed25519' ? null : this.digest;
  }

  #finish(signature: Uint8Array): Uint8Array {
    const kind = keyKind(this.#key);
    return isEcdsa(kind) ? (toLowS(kind, signature) as Uint8Array) : signature;
  }
}
