import { inject } from 'vitest';
import { traceStoreConformance } from '#trace/store/conformance.ts';
import { storePlace } from './freshStore.ts';

// Stores are made by the dozen, an index each takes some tenths of a second.
traceStoreConformance('Elasticsearch', async () => storePlace(inject('elasticsearchUrl')));
