/**
 * A collector in a process of its own, to be killed: `node collectorChild.ts DATABASE BATCH GLOB…`. Says `ready` once it follows
 * the files, stops in good order when its standard input ends, and then says `stopped`.
 */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startCollector } from '#collector/collector.ts';
import { openSqliteStore } from '#trace/store/sqlite/sqliteStore.ts';

const [database, batch, ...logs] = process.argv.slice(2);
const store = await openSqliteStore(database ?? '');
const collector = await startCollector(
  { logs, pollMs: 5, discoverMs: 20, batchMs: 5, batchRecords: Number(batch), readBytes: 16 * 1024 },
  { store, registry: new Registry(), logger: pino({ level: 'warn' }, pino.destination({ fd: 2, sync: true })) },
);
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.on('end', () => {
  void finish();
});

async function finish(): Promise<void> {
  await collector.untilCaughtUp();
  await collector.stop();
  await store.close();
  process.stdout.write('stopped\n');
}
