import { describe, expect, it } from 'vitest';
import { Throttle } from './throttle.ts';

const signal = new AbortController().signal;

/** How many of some messages may go now. */
async function passed(throttle: Throttle, client: string, messages: number, until = signal): Promise<number> {
  let count = 0;
  for (let index = 0; index < messages; index++) {
    void throttle.limit(client, until).then(() => count++);
  }
  await new Promise((resolve) => setImmediate(resolve));
  return count;
}

describe('a throttle', () => {
  it('lets a client send its share, and goes on with the next second', async () => {
    const throttle = new Throttle({ rate: 10, inactivityTimeoutMs: 5000 }, () => 0);
    let count = 0;
    const send = async (): Promise<void> => {
      for (let index = 0; index < 25; index++) {
        await throttle.limit('one', signal);
        count++;
      }
    };
    const all = send();
    await new Promise((resolve) => setImmediate(resolve));
    expect(count).toBe(10);
    throttle.refill();
    await new Promise((resolve) => setImmediate(resolve));
    expect(count).toBe(21);
    throttle.refill();
    await all;
    throttle.close();
  });

  it('deals the rate out among those who send', async () => {
    const throttle = new Throttle({ rate: 10, inactivityTimeoutMs: 5000 }, () => 0);
    await throttle.limit('one', signal);
    expect(await passed(throttle, 'other', 9)).toBe(5);
    throttle.close();
  });

  it('forgets who has been silent, so that the others have more', async () => {
    let now = 0;
    const throttle = new Throttle({ rate: 10, inactivityTimeoutMs: 5000 }, () => now);
    await throttle.limit('one', signal);
    now = 6000;
    throttle.refill();
    expect(await passed(throttle, 'other', 20)).toBe(10);
    throttle.close();
  });

  it('holds nobody who gives up, nor when it is closed', async () => {
    const throttle = new Throttle({ rate: 1, inactivityTimeoutMs: 5000 }, () => 0);
    const leaving = new AbortController();
    await throttle.limit('one', signal);
    const given = throttle.limit('one', leaving.signal);
    leaving.abort();
    await expect(given).resolves.toBeUndefined();
    const held = throttle.limit('one', signal);
    throttle.close();
    await expect(held).resolves.toBeUndefined();
  });
});
