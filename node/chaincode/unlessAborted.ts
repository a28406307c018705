import { ChaincodeError } from './chaincodeError.ts';

/** @throws ChaincodeError `cancelled` when the signal comes first; what the promise comes to is then nobody's */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new ChaincodeError('cancelled', 'the caller gave the transaction up'));
    const settled = (): void => signal.removeEventListener('abort', onAbort);
    if (signal.aborted) {
      onAbort();
    } else {
      signal.addEventListener('abort', onAbort, { once: true });
    }
    promise.then(resolve, reject).finally(settled);
  });
}
