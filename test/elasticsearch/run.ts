import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { elasticsearchPlace } from '../harness/elasticsearchDistribution.ts';

/** `npm run test:elasticsearch`: the suite where Elasticsearch can be run or reached, and a line that says why where it cannot. */
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const place = elasticsearchPlace();
if ('notThere' in place) {
  process.stdout.write(`skipped: elasticsearch: ${place.notThere}\n`);
} else {
  const args = [vitest, 'run', '--project', 'elasticsearch', ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}
