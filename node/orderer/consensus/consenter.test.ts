import { openOrderer } from '../testing/testOrderer.ts';
import { consenterCompliance } from './consenter.compliance.ts';

for (const pending of ['none', 'written', 'synced'] as const) {
  consenterCompliance(`a single node, pending messages ${pending}`, (folder, network) =>
    openOrderer(folder, network, { pending }),
  );
}
