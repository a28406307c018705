import { escapeHtml as e, plainPage } from '../page/html.ts';
import { PROBLEMS } from '../problems.ts';
import type { OpenApiDocument, OpenApiOperation, OpenApiParameter } from './openapi.ts';

/** The API's document as a page: HTML and CSS alone, so that it shows under the strictest content security policy. */
export function renderOpenApiPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const tags = document.tags.map(({ name, description }) => {
    const here = operations.filter(({ operation }) => operation.tags.includes(name));
    return `<h2 id="tag-${e(name)}">${e(description)}</h2>\n${here.map((entry) => section(entry)).join('\n')}`;
  });
  const contents = operations.map(
    ({ path, method, operation }) =>
      `<li><a href="#${e(operation.operationId)}"><code>${method === 'GET' ? '' : `${method} `}${e(path)}</code></a> ${e(operation.summary)}</li>`,
  );
  return plainPage(
    `${document.info.title} API ${document.info.version}`,
    `<header><h1>${e(document.info.title)} API</h1>
<p>${prose(document.info.description)}</p>
<p>Version ${e(document.info.version)}, also as <a href="/api/v1/openapi.json">OpenAPI ${e(document.openapi)}</a>.</p></header>
<nav aria-label="Operations"><ul>${contents.join('\n')}</ul></nav>
<main>
${tags.join('\n')}
<h2 id="problems">Problems</h2>
${problemTable()}
<h2 id="schemas">Schemas</h2>
${schemas(document)}
</main>`,
  );
}

interface Section {
  readonly path: string;
  readonly method: string;
  readonly operation: OpenApiOperation;
}

function section({ path, method, operation }: Section): string {
  return `<section aria-labelledby="${e(operation.operationId)}">
<h3 id="${e(operation.operationId)}"><span class="get">${method}</span> <code>${e(path)}</code></h3>
<p><strong>${e(operation.summary)}.</strong></p>
${(operation.description ?? '')
  .split('\n\n')
  .filter(Boolean)
  .map((text) => `<p>${prose(text)}</p>`)
  .join('\n')}
<pre>${e(curl(path, method, operation))}</pre>
${parameterTable(operation.parameters)}
${Object.entries(operation.responses)
  .map(([status, response]) => answer(status, response))
  .join('\n')}
</section>`;
}

/** Backquoted words as code; nothing else is marked up. */
function prose(text: string): string {
  return e(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function curl(path: string, method: string, { parameters, requestBody }: OpenApiOperation): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => exampleOf(parameters, name));
  const query = parameters.filter((parameter) => parameter.in === 'query' && parameter.example !== undefined);
  const text = query.map(({ name, example }) => `${name}=${String(example)}`).join('&');
  const { example } = (requestBody?.content['application/json'] ?? {}) as { readonly example?: unknown };
  const how = [
    path.endsWith('/live') ? '-N ' : '',
    method === 'GET' ? '' : `-X ${method} `,
    example === undefined ? '' : `--json '${JSON.stringify(example)}' `,
  ].join('');
  return `curl ${how}'http://127.0.0.1:PORT${filled}${text === '' ? '' : `?${text}`}'`;
}

function exampleOf(parameters: readonly OpenApiParameter[], name: string): string {
  return String(parameters.find((parameter) => parameter.name === name)?.example ?? name);
}

function parameterTable(parameters: readonly OpenApiParameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(
    (parameter) =>
      `<tr><td><code>${e(parameter.name)}</code></td><td>${e(parameter.in)}</td><td>${e(typeOf(parameter.schema))}</td><td>${prose(parameter.description ?? '')}</td></tr>`,
  );
  return `<table><thead><tr><th>Parameter</th><th>In</th><th>Value</th><th></th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

/** As much of JSON Schema as this page puts into words. */
interface ShownSchema {
  readonly $ref?: string;
  readonly enum?: readonly string[];
  readonly const?: string | number;
  readonly anyOf?: readonly ShownSchema[];
  readonly type?: string | readonly string[];
  readonly items?: ShownSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
}

/** A schema in a few words: `integer, 1 to 1000`, `one of a, b`, `list of Edge`. */
function typeOf(schema: ShownSchema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? '';
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.const !== undefined) return `${schema.const}`;
  if (schema.anyOf !== undefined) return schema.anyOf.map((choice) => typeOf(choice)).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  const type = typeof schema.type === 'string' ? schema.type : (schema.type?.join(' or ') ?? 'anything');
  const { minimum, maximum, minLength, maxLength, format } = schema;
  const length = format === undefined ? range(minLength, maxLength, ' characters') : '';
  return [format ?? type, range(minimum, maximum, ''), length].filter(Boolean).join(', ');
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  if (least === undefined && most === undefined) return '';
  if (least === undefined) return `at most ${most}${unit}`;
  return most === undefined ? `${least}${unit} or more` : `${least} to ${most}${unit}`;
}

function answer(status: string, response: OpenApiOperation['responses'][string]): string {
  const title = `<code>${e(status)}</code> ${e(response.description)}`;
  const parts = Object.entries(response.content).map(([mediaType, content]) => {
    const { schema, example } = content as { schema?: Record<string, unknown>; example?: unknown };
    const text = typeof example === 'string' ? example : JSON.stringify(example, null, 2);
    const name =
      schema?.['$ref'] === undefined ? '' : ` <a href="#schema-${e(typeOf(schema))}">${e(typeOf(schema))}</a>`;
    return `<p><code>${e(mediaType)}</code>${name}</p>${example === undefined ? '' : `<pre>${e(text)}</pre>`}`;
  });
  return `<details${status === '200' ? ' open' : ''}><summary>${title}</summary>${parts.join('\n')}</details>`;
}

function problemTable(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title }]) =>
      `<tr id="${e(code)}"><td><code>${e(code)}</code></td><td>${status}</td><td>${e(title)}</td></tr>`,
  );
  return `<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function schemas(document: OpenApiDocument): string {
  return Object.entries(document.components.schemas)
    .map(([name, schema]) => {
      const required = new Set((schema['required'] as string[] | undefined) ?? []);
      const fields = Object.entries((schema['properties'] ?? {}) as Record<string, Record<string, unknown>>);
      const rows = fields.map(
        ([field, type]) =>
          `<tr><td><code>${e(field)}</code></td><td>${e(typeOf(type))}</td><td>${required.has(field) ? '' : 'may be absent'}</td></tr>`,
      );
      return `<h3 id="schema-${e(name)}">${e(name)}</h3><table><tbody>${rows.join('\n')}</tbody></table>`;
    })
    .join('\n');
}
