import { readFileSync, writeSync } from 'node:fs';
import { Signer } from '#node/crypto/sign.ts';
import { RecordWriter, type RecordDestination } from './recordWriter.ts';

/**
 * For tests: records without end, until it is told to stop, and says on standard error how many it wrote by then. Arguments: how it
 * ends (`close` on SIGTERM, `exit` and `throw` without having closed), destination and key material as JSON files.
 */
const [ending, destinationText, materialPath] = process.argv.slice(2) as [string, string, string];
const material = JSON.parse(readFileSync(materialPath, 'utf8')) as {
  readonly mspId: string;
  readonly keyPem: string;
  readonly certificatePem: string;
};
const destination = JSON.parse(destinationText) as RecordDestination;
const writer = RecordWriter.open(
  { serviceType: 'fabric-peer', destination, seal: { everyRecords: 500 } },
  { signer: new Signer(material) },
);

const state = { stopping: false };
let count = 0;
const say = (): void => {
  writeSync(2, `${JSON.stringify({ count, dropped: writer.dropped, end: writer.end })}\n`);
};
process.on('SIGTERM', () => {
  state.stopping = true;
  if (ending === 'close') {
    void writer.close().then(say);
    return;
  }
  say();
  if (ending === 'exit') {
    process.exit(0);
  }
  throw new Error('a fault');
});
const work = (): void => {
  for (let index = 0; index < 50 && !state.stopping; index++) {
    writer.write({ point: 'tx.seen', tx_id: `tx${count++}` });
  }
  if (!state.stopping) {
    setTimeout(work, 1);
  }
};
work();
writeSync(2, 'ready\n');
