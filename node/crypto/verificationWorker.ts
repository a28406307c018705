import type { KeyObject } from 'node:crypto';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { VerificationArena } from './verificationArena.ts';
import { VerificationInbox } from './verificationInbox.ts';
import type { KeyMessage, VerificationWorkerData } from './verificationThreads.ts';
import { verifySignatureSync } from './verify.ts';

/** One of {@link VerificationThreads}: works through the arenas that it is given, and never returns to its event loop. */
const port = parentPort as MessagePort;
const data = workerData as VerificationWorkerData;
const inbox = new VerificationInbox(data.inbox);
const arenas = data.arenas.map((buffer) => new VerificationArena(buffer));
const keys = new Map<number, KeyObject>();

for (;;) {
  const index = inbox.take();
  for (let unheard = inbox.unheard(); unheard > 0; unheard--) {
    hear((receiveMessageOnPort(port) as { readonly message: KeyMessage }).message);
  }
  work(arenas[index] as VerificationArena);
  port.postMessage(index);
}

function hear(message: KeyMessage): void {
  if (message === 'forget') {
    keys.clear();
  } else {
    keys.set(message.id, message.key);
  }
}

function work(arena: VerificationArena): void {
  for (let index = 0; index < arena.count; index++) {
    const { keyId, message, signature, digest } = arena.job(index);
    const key = keys.get(keyId);
    if (key !== undefined) {
      arena.setResult(index, verifySignatureSync(key, message, signature, digest));
    }
  }
}
