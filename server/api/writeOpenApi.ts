import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildOpenApi } from './openapi.ts';
import { OPERATIONS } from './operations.ts';

/** The document as `docs/` keeps it; a test proves that it is current. Run this file to write it. */
export const OPENAPI_FILE = fileURLToPath(new URL('../../docs/reference/openapi.json', import.meta.url));

export function openApiText(): string {
  return `${JSON.stringify(buildOpenApi(OPERATIONS), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(OPENAPI_FILE, openApiText());
