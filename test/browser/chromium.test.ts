import { expect, test } from 'vitest';
import { chromiumPath, launchProblem } from './chromium.ts';

test('a missing system library is named, with what to install', () => {
  const output = '/tmp/chromium: error while loading shared libraries: libnss3.so: cannot open shared object file';
  expect(launchProblem('/tmp/chromium', output)).toMatch(/libnss3\.so is missing[\s\S]*apt-get install -y chromium/);
  expect(launchProblem('/tmp/chromium', 'Trace/breakpoint trap')).toMatch(/CHROMIUM_PATH[\s\S]*breakpoint trap/);
});

test('CHROMIUM_PATH wins, and one that is not there is refused by name', async () => {
  expect(await chromiumPath({ CHROMIUM_PATH: process.execPath })).toBe(process.execPath);
  await expect(chromiumPath({ CHROMIUM_PATH: '/nowhere/chromium' })).rejects.toThrow('/nowhere/chromium');
});
