import { type KeyObject, verify } from 'node:crypto';
import { type CurveName, encodeEcdsaSignature, isLowS, readEcdsaSignature } from './ecdsaSignature.ts';
import type { SignatureDigest } from './hash.ts';
import { isEcdsa, keyKind } from './keys.ts';
import { VerificationThreads } from './verificationThreads.ts';
import type { VerifyRequest } from './verifyRequest.ts';

export type { VerifyRequest } from './verifyRequest.ts';

/** Checks handed to libuv at a time by one `verifyBatch`: enough to keep every thread of its pool at work, few enough that others get their turn. */
const IN_FLIGHT = 64;

let threads: VerificationThreads | null = null;

/**
 * From now on signatures that are asked for by the dozen are checked on threads of their own, for the whole process, as libuv's are.
 * For programs that take blocks; the threads do not keep a process alive.
 * @param count how many: as many as there are cores
 * @returns ends them
 */
export function startVerificationThreads(count: number): () => Promise<void> {
  const started = new VerificationThreads({ threads: count }, { alone: verifyAlone, here: verifyHere });
  const before = threads;
  threads = started;
  return async () => {
    if (threads === started) {
      threads = before?.isRunning === true ? before : null;
    }
    await started.stop();
  };
}

/** How many threads check signatures, and how many signatures wait for one. */
export function verificationLoad(): { readonly threads: number; readonly waiting: number } {
  return { threads: threads?.threads ?? 0, waiting: threads?.waiting ?? 0 };
}

/**
 * Whether `signature` is `key`'s over `message`, by Fabric's rules (bccsp/sw): ECDSA over a 256-bit digest whatever the curve,
 * S in the lower half of the order, what follows the two integers passed over; Ed25519 over the message. Everything else, RSA
 * too, is no. The work is done on other threads. Never rejects.
 */
export function verifySignature(
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
  digest: SignatureDigest = 'sha256',
): Promise<boolean> {
  const request = { key, message, signature, digest };
  return threads === null ? verifyAlone(request) : threads.verify(request);
}

/** On libuv's threads. */
function verifyAlone({ key, message, signature, digest = 'sha256' }: VerifyRequest): Promise<boolean> {
  const checked = prepare(key, signature);
  if (checked === null) {
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    try {
      verify(checked.ecdsa ? digest : null, message, key, checked.signature, (error, valid) => {
        resolve(error === null && valid);
      });
    } catch {
      // Thrown for a key or a digest that OpenSSL refuses.
      resolve(false);
    }
  });
}

/** Bytes that are hashed in less time than the signature takes. */
const SHORT_MESSAGE = 32 * 1024;

/** On this thread, for what takes some 70 µs; null for other keys, which may take ten times as long, and for long messages. */
function verifyHere({ key, message, signature, digest }: VerifyRequest): boolean | null {
  return keyKind(key) === 'P-256' && message.length <= SHORT_MESSAGE
    ? verifySignatureSync(key, message, signature, digest)
    : null;
}

/** As `verifySignature`, on the calling thread. */
export function verifySignatureSync(
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
  digest: SignatureDigest = 'sha256',
): boolean {
  const checked = prepare(key, signature);
  try {
    return checked !== null && verify(checked.ecdsa ? digest : null, message, key, checked.signature);
  } catch {
    return false;
  }
}

/**
 * Many checks, at most `inFlight` at work at once; results in the order of the requests.
 * Requests may be a generator: it is asked for the next one only when there is room.
 */
export async function verifyBatch(
  requests: Iterable<VerifyRequest>,
  options: { readonly inFlight?: number } = {},
): Promise<boolean[]> {
  const iterator = requests[Symbol.iterator]();
  const results: boolean[] = [];
  let count = 0;
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      const index = count++;
      const { key, message, signature, digest } = next.value;
      results[index] = await verifySignature(key, message, signature, digest);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.inFlight ?? IN_FLIGHT) }, worker));
  return results;
}

/** A signature in the form that OpenSSL takes; null where Fabric says no without looking at the message. */
function prepare(
  key: KeyObject,
  signature: Uint8Array,
): { readonly ecdsa: boolean; readonly signature: Uint8Array } | null {
  const kind = keyKind(key);
  if (isEcdsa(kind)) {
    const der = lowSignature(kind, signature);
    return der === null ? null : { ecdsa: true, signature: der };
  }
  return kind === 'Ed25519' && signature.length === 64 ? { ecdsa: false, signature } : null;
}

function lowSignature(curve: CurveName, bytes: Uint8Array): Uint8Array | null {
  const signature = readEcdsaSignature(bytes);
  if (signature === null || !isLowS(curve, signature)) {
    return null;
  }
  return signature.canonical ? bytes : encodeEcdsaSignature(signature);
}
