/**
 * What one record costs: microseconds of the calling thread (waiting for nothing), and of CPU of the whole process with writing, for a
 * transaction's records and for a block's. Beside it: the same fields through JSON.stringify alone, and tracing switched off.
 *
 *     node test/perf/tracing.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Signer } from '#node/crypto/sign.ts';
import { authority, issue } from '#node/msp/testAuthority.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import { openTracing, type TracingOptions } from '#node/tracing/tracing.ts';
import type { StepResult, Tracer } from '#node/tracing/tracer.ts';

const ROUNDS = 7;
const TRANSACTIONS = 5_000;
const RECORDS_PER_TRANSACTION = 3;

const holder = (name: string, unit: string): Signer => {
  const issued = issue(authority('ca'), { name, units: [unit] });
  const keyPem = issued.privateKey.export({ format: 'pem', type: 'pkcs8' });
  return new Signer({ mspId: 'Org1MSP', keyPem, certificatePem: issued.pem });
};
const signer = holder('peer0.org1.example.com', 'peer');
const caller = {
  identity: IdentityView.fromBytes(holder('User1@org1.example.com', 'client').identity),
  kind: 'client',
  address: '127.0.0.1:40112',
} as const;

const stepOf = (index: number): StepResult & { packageId: string } => ({
  channelId: 'mychannel',
  txId: index.toString(16).padStart(64, '0'),
  type: 'ENDORSER_TRANSACTION',
  caller,
  chaincode: 'basic',
  function: 'TransferAsset',
  traceparent: null,
  status: 200,
  durationUs: 1234,
  packageId: 'basic_1.0:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
});

async function measure(options: TracingOptions): Promise<{ readonly call: number; readonly cpu: number }> {
  const tracing = openTracing(options, { signer });
  const best = { call: Infinity, cpu: Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    let inCalls = 0;
    const before = process.cpuUsage();
    for (let from = 0; from < TRANSACTIONS; from += 100) {
      const start = performance.now();
      for (let index = from; index < from + 100; index++) {
        record(tracing.tracer, stepOf(round * TRANSACTIONS + index));
      }
      inCalls += performance.now() - start;
      // As requests come: what is written goes on meanwhile.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await tracing.flush();
    const used = process.cpuUsage(before);
    best.call = Math.min(best.call, inCalls * 1000);
    best.cpu = Math.min(best.cpu, used.user + used.system);
  }
  await tracing.close();
  const records = TRANSACTIONS * RECORDS_PER_TRANSACTION;
  return { call: best.call / records, cpu: best.cpu / records };
}

function record(tracer: Tracer, step: StepResult & { packageId: string }): void {
  tracer.endorseRequest(step);
  tracer.chaincodeInvoke(step);
  tracer.endorseResponse(step);
}

function stringifyAlone(): number {
  const line = {
    '@timestamp': new Date().toISOString(),
    ftl: { version: 1, point: 'endorse.response', ...stepOf(1), caller: 'Org1MSP/User1' },
  };
  let best = Infinity;
  let length = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let index = 0; index < TRANSACTIONS; index++) {
      length += JSON.stringify(line).length;
    }
    best = Math.min(best, performance.now() - start);
  }
  return length > 0 ? (best * 1000) / TRANSACTIONS : 0;
}

const folder = mkdtempSync(join(tmpdir(), 'ftl-perf-tracing-'));
try {
  const file = { kind: 'file', path: join(folder, 'records.ndjson') } as const;
  const rows = [
    ['off', await measure({ enabled: false })],
    ['file', await measure({ enabled: true, serviceType: 'fabric-peer', destination: file })],
    [
      'file, sealed every 1,000',
      await measure({ enabled: true, serviceType: 'fabric-peer', destination: file, seal: {} }),
    ],
  ] as const;
  process.stdout.write('µs a record                call    CPU in all\n');
  for (const [name, { call, cpu }] of rows) {
    process.stdout.write(`  ${name.padEnd(24)} ${call.toFixed(2).padStart(5)}    ${cpu.toFixed(2).padStart(5)}\n`);
  }
  process.stdout.write(`  JSON.stringify alone     ${stringifyAlone().toFixed(2).padStart(5)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
