import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARGUMENTS, type LifecycleFunction } from './lifecycleArguments.ts';
import { approval, collection, commitment, TestNetwork } from './testNetwork.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await TestNetwork.start();
});
afterAll(() => network[Symbol.asyncDispose]());

const functions = fc.constantFrom(...(Object.keys(ARGUMENTS) as LifecycleFunction[]));

/** What a Go client could have sent, with a few bytes altered, cut off or put in. */
const altered = fc
  .tuple(
    fc.constantFrom(
      approval({ collections: [collection('one'), collection('two')], packageId: 'basic:1' }).serializeBinary(),
      commitment({ collections: [collection('one')] }).serializeBinary(),
    ),
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    fc.nat(),
    fc.boolean(),
  )
  .map(([bytes, changes, cut, whole]) => {
    const copy = Uint8Array.from(bytes);
    for (const [position, value] of changes) {
      copy[position % copy.length] = value;
    }
    return whole ? copy : copy.subarray(0, cut % copy.length);
  });

describe('hostile arguments', () => {
  it('get an answer, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(functions, fc.oneof(fc.uint8Array({ maxLength: 200 }), altered), async (name, bytes) => {
        const { status, message, results } = await network.org1.run(name, bytes);
        expect([200, 404, 500]).toContain(status);
        expect(message === '').toBe(status === 200);
        expect(results === null).toBe(status !== 200);
      }),
      { numRuns: 400 },
    );
  });

  it('nested a thousand deep are refused', async () => {
    let bytes: Uint8Array = new Uint8Array(0);
    for (let depth = 0; depth < 1000; depth++) {
      const length = bytes.length;
      const prefix = [0x12, ...(length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7])];
      bytes = Uint8Array.from([...prefix, ...bytes]);
    }
    const { status } = await network.org1.run('CommitChaincodeDefinition', bytes);
    expect(status).toBe(500);
  });
});
