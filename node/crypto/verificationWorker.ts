import type { KeyObject } from 'node:crypto';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { VerificationArena } from './verificationArena.ts';
import type { VerificationMessage } from './verificationThreads.ts';
import { verifySignatureSync } from './verify.ts';

/** One of {@link VerificationThreads}: works through the arenas that it is told of. */
const port = parentPort as MessagePort;
const arenas = (workerData as SharedArrayBuffer[]).map((buffer) => new VerificationArena(buffer));
const keys = new Map<number, KeyObject>();

port.on('message', (message: VerificationMessage) => {
  if (typeof message === 'object') {
    keys.set(message.id, message.key);
  } else if (message < 0) {
    keys.clear();
  } else {
    work(arenas[message] as VerificationArena);
    port.postMessage(message);
  }
});

function work(arena: VerificationArena): void {
  for (let index = 0; index < arena.count; index++) {
    const { keyId, message, signature, digest } = arena.job(index);
    const key = keys.get(keyId);
    if (key !== undefined) {
      arena.setResult(index, verifySignatureSync(key, message, signature, digest));
    }
  }
}
