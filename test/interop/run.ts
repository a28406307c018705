import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NOT_THERE } from './notThere.ts';

/** `npm run test:interop`: the suite where Go Fabric's programs are, and a line that says why where they are not. */
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
if ((process.env['FABRIC_BIN'] ?? '') === '') {
  process.stdout.write(`skipped: interop: ${NOT_THERE}\n`);
} else {
  const args = [vitest, 'run', '--project', 'interop', ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}
