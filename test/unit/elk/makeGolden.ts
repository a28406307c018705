import { writeFileSync } from 'node:fs';
import { GOLDEN, rubyCommand, runFilter, scriptsHash } from './recordFilter.ts';

/** Writes what the filter of Logstash makes of the lines in test/vectors/elk: `RUBY='java -jar jruby-complete.jar' node test/unit/elk/makeGolden.ts`. */
const command = rubyCommand();
if (command === null) throw new Error('There is no ruby here: name one in RUBY.');
const run = runFilter(command);
writeFileSync(GOLDEN, `${JSON.stringify({ scripts: scriptsHash(), ...run }, null, 1)}\n`);
process.stdout.write(`${run.ruby}: ${run.passed.length} tests of the script passed, ${run.failed.length} failed\n`);
