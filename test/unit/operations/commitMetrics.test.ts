import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { CommitMetrics } from '#node/commit/commitMetrics.ts';
import { BlockStoreMetrics } from '#node/ledger/blocks/blockStoreMetrics.ts';
import { commitAll, recordedChain, testLedger } from '../commitBlocks.ts';

/** What `/metrics` of the Go peer peer0.org1 said when it had committed the recorded blocks. */
const TOLD_BY_GO = [
  'ledger_blockchain_height{channel="mychannel"} 82',
  'ledger_transaction_count{chaincode="_lifecycle:syscc",channel="mychannel",transaction_type="ENDORSER_TRANSACTION",validation_code="VALID"} 7',
  'ledger_transaction_count{chaincode="basic:1.0",channel="mychannel",transaction_type="ENDORSER_TRANSACTION",validation_code="MVCC_READ_CONFLICT"} 4',
  'ledger_transaction_count{chaincode="basic:1.0",channel="mychannel",transaction_type="ENDORSER_TRANSACTION",validation_code="VALID"} 219',
  'ledger_transaction_count{chaincode="unknown",channel="mychannel",transaction_type="CONFIG",validation_code="VALID"} 2',
  'ledger_transaction_count{chaincode="unknown",channel="mychannel",transaction_type="unknown",validation_code="DUPLICATE_TXID"} 2',
  'ledger_transaction_count{chaincode="unknown",channel="mychannel",transaction_type="unknown",validation_code="ENDORSEMENT_POLICY_FAILURE"} 3',
];

it("a peer counts the recorded blocks' transactions as the Go peer did", async () => {
  const registry = new Registry();
  const metrics = new CommitMetrics(registry, { blocks: new BlockStoreMetrics(registry) });
  await using test = await testLedger({ state: 'memory' });
  for (const block of await commitAll(test.pipeline, recordedChain('v3.1.5').blocks)) {
    metrics.committed(block);
  }
  const lines = (await registry.metrics()).split('\n').map(inOrder);
  expect(lines.filter((line) => /^ledger_(?:transaction_count|blockchain_height)\{/.test(line)).toSorted()).toEqual(
    TOLD_BY_GO,
  );
  const counts = lines.filter((line) => /^ledger_\w+_time_count/.test(line));
  expect(counts.toSorted()).toEqual(
    ['block_processing', 'blockstorage_and_pvtdata_commit', 'blockstorage_commit', 'statedb_commit'].map(
      (name) => `ledger_${name}_time_count{channel="mychannel"} 82`,
    ),
  );
  const steps = lines.filter((line) => line.startsWith('ftl_commit_step_seconds_total{'));
  expect(steps).toHaveLength(8);
});

/** Go writes labels by name. */
function inOrder(line: string): string {
  return line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').toSorted().join(',')}}`);
}
