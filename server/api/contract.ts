import { z } from 'zod';
import { sendRevalidated } from './mount.ts';
import { NoInput } from './noInput.ts';
import { buildOpenApi } from './openapi.ts';
import { renderOpenApiPage } from './openapiPage.ts';
import { jsonOperation, type Operation, rawOperation } from './operation.ts';

/** The contract itself: the document and the page made of it. Both are made once, when first asked for. */
export function contractOperations(operations: () => readonly Operation[]): readonly Operation[] {
  const documentOf = once(() => buildOpenApi(operations()));
  const pageOf = once(() => renderOpenApiPage(documentOf()));
  return [
    jsonOperation({
      id: 'openapi',
      path: '/api/v1/openapi.json',
      tag: 'service',
      summary: 'This document',
      params: NoInput,
      query: NoInput,
      answer: {
        name: 'OpenApiDocument',
        schema: z.looseObject({ openapi: z.string() }),
        description: 'OpenAPI 3.1',
        example: { openapi: '3.1.1' },
      },
      problems: ['invalid_request'],
      async handle() {
        return { body: { ...documentOf() }, cache: 'revalidate' };
      },
    }),
    rawOperation({
      id: 'docs',
      path: '/api/docs',
      tag: 'service',
      summary: 'This document as a page to read',
      params: NoInput,
      query: NoInput,
      answer: { mediaType: 'text/html', description: 'The page' },
      problems: ['invalid_request'],
      async handle({ request }, _context, response) {
        sendRevalidated(request, response.type('html'), pageOf());
      },
    }),
  ];
}

function once<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}
