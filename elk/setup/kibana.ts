import { type Endpoint, send, SetupError, type Waiting } from './elastic.ts';

/**
 * Brings data views and saved searches into Kibana, over those of a run before.
 *
 * @param savedObjects NDJSON, as Kibana exports it
 * @throws SetupError `refused` if Kibana takes not all of them
 */
export async function importSavedObjects(endpoint: Endpoint, savedObjects: string, waiting: Waiting): Promise<number> {
  const body = new FormData();
  body.append('file', new Blob([savedObjects], { type: 'application/ndjson' }), 'saved-objects.ndjson');
  const answer = (await send(
    endpoint,
    { method: 'POST', path: '/api/saved_objects/_import?overwrite=true', body },
    waiting,
  )) as { success?: boolean; successCount?: number; errors?: unknown };
  if (answer?.success !== true)
    throw new SetupError('refused', `Kibana did not take all: ${JSON.stringify(answer?.errors ?? answer)}`);
  return answer.successCount ?? 0;
}
