import { inject } from 'vitest';
import { traceStoreConformance } from '#trace/store/conformance.ts';
import { storePlace } from './freshStore.ts';

// Each generated case makes a store of its own, which takes Elasticsearch a second or two.
traceStoreConformance('Elasticsearch', async () => storePlace(inject('elasticsearchUrl')), { share: 0.25 });
