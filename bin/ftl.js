#!/usr/bin/env node
// Plain JavaScript on purpose: an older Node must be able to read this far and say what is wrong.
const MINIMUM = 24;
const major = Number(process.versions.node.split('.')[0]);
if (major < MINIMUM) {
  process.stderr.write(
    `ftl needs Node ${MINIMUM} or newer; this is ${process.version} (${process.execPath}).\n` +
      'Inside the project, `npm ci` brings a fitting Node for Linux (x64, arm64) and Windows (x64), and `npm start` or `npx ftl` use it.\n' +
      'Elsewhere install Node from https://nodejs.org and try again.\n',
  );
  process.exit(1);
}
// On a large machine V8 lets garbage pile up to several times what lives before it looks. A collector runs beside the nodes it
// watches, so it keeps its heap within twice what lives; measured, that costs it no time. It would cost a peer a tenth of its own.
// An orderer is the other way round: hardly anything but messages, outside V8's heap, which V8 lets grow by a tenth before it marks all
// that lives, twice a second. With as much again as lives that takes less than half of the time.
const [, , command] = process.argv;
if (command !== 'peer') {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString(`--heap-growing-percent=${command === 'orderer' ? 100 : 50}`);
}
const { existsSync } = await import('node:fs');
// In a checkout the sources run as they are; the published package holds compiled files.
const entry = existsSync(new URL('../cli.ts', import.meta.url)) ? '../cli.ts' : '../cli.js';
const { main } = await import(entry);
process.exitCode = await main(process.argv.slice(2));
