import { z } from 'zod';
import { Identity } from '#trace/identity.ts';
import { ReadWriteSummary } from '#trace/record.ts';
import { Commit, Edge, Finding, PolicyVerdict, Stages } from '#trace/trace.ts';
import { PROBLEM_TYPE, PROBLEMS, type ProblemCode, problemDocument, ApiProblem } from '../problems.ts';
import { methodOf, type Operation } from './operation.ts';
import { Block, Channel, Leader, LiveBlock, LiveGap, Node, Problem, TraceSummary } from './schemas.ts';
import { API_VERSION } from './service.ts';

type Json = Record<string, unknown>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: Json;
  };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  /** Everything can be read; what else is possible stands beside it. */
  readonly paths: Readonly<
    Record<
      string,
      { readonly get: OpenApiOperation; readonly put?: OpenApiOperation; readonly delete?: OpenApiOperation }
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

export interface OpenApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Json;
  readonly example?: string | number;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly OpenApiParameter[];
  readonly requestBody?: { readonly required: true; readonly content: Readonly<Record<string, Json>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content: Readonly<Record<string, Json>> }>
  >;
}

const TAGS: Readonly<Record<Operation['tag'], string>> = {
  traces: 'Transactions and their way',
  network: 'Blocks, nodes, channels and leaders',
  monitoring: 'Health, metrics and alerts of the nodes',
  live: 'Changes as they come',
  service: 'The server itself',
};

/** Schemas with a name of their own beside those of the answers. */
const SHARED = {
  TraceSummary,
  Identity,
  Edge,
  Commit,
  Stages,
  PolicyVerdict,
  Finding,
  ReadWriteSummary,
  Block,
  Node,
  Channel,
  Leader,
  LiveBlock,
  LiveGap,
  Problem,
};

/** What any request may meet, wherever it goes. */
const ANYWHERE: readonly ProblemCode[] = ['host_not_served', 'store_unavailable', 'busy', 'internal'];

const REF = '#/components/schemas/';

/** The OpenAPI 3.1 document of these operations, from the same schemas that check their input. */
export function buildOpenApi(operations: readonly Operation[]): OpenApiDocument {
  return {
    openapi: '3.1.1',
    info: {
      title: 'FTL',
      version: API_VERSION,
      description:
        "Every transaction's way through a Hyperledger Fabric network. Times are ISO 8601 in UTC, durations microseconds, identities MSP ID and common name (`Org1MSP/peer0.org1.example.com`). Errors are problem documents (RFC 9457) whose `code` is stable. Answers may gain fields within a version.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: pathsOf(operations),
    components: { schemas: componentSchemas(operations) },
  };
}

function pathsOf(operations: readonly Operation[]): OpenApiDocument['paths'] {
  const paths = Map.groupBy(operations, ({ path }) => path);
  return Object.fromEntries(
    [...paths].map(([path, here]) => {
      const item = Object.fromEntries(here.map((operation) => [methodOf(operation), describe(operation)]));
      return [path, item as unknown as OpenApiDocument['paths'][string]];
    }),
  );
}

function componentSchemas(operations: readonly Operation[]): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SHARED)) registry.add(schema, { id });
  for (const operation of operations) {
    const { answer } = operation;
    const body = operation.kind === 'json' ? operation.body : undefined;
    if ('schema' in answer && !registry.has(answer.schema)) registry.add(answer.schema, { id: answer.name });
    if (body !== undefined && !registry.has(body.schema)) registry.add(body.schema, { id: body.name });
  }
  // As input: answers may gain fields, so callers are not told that no others can come.
  const made = z.toJSONSchema(registry, { io: 'input', uri: (id) => REF + id, override: plainIntegers });
  const schemas = Object.entries(made.schemas as Record<string, Json>);
  return Object.fromEntries(
    schemas
      .map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Leaves out the bounds of safe integers, which say nothing of the value. */
function plainIntegers({ jsonSchema }: { readonly jsonSchema: { minimum?: number; maximum?: number } }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

function describe(operation: Operation): OpenApiOperation {
  const headers = operation.kind === 'raw' ? Object.entries(operation.headers ?? {}) : [];
  const exampleQuery = new URLSearchParams(operation.exampleQuery);
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description === undefined
      ? {}
      : { description: operation.description.replaceAll(/(?<!\n)\n(?!\n)/g, ' ') }),
    parameters: [
      ...parameters(operation.params, 'path', (name) => operation.exampleParams?.[name]),
      ...parameters(operation.query, 'query', (name) => exampleQuery.get(name) ?? undefined),
      ...headers.map(([name, description]) => ({
        name,
        in: 'header' as const,
        description,
        schema: { type: 'string' },
      })),
    ],
    ...bodyOf(operation),
    responses: responses(operation),
  };
}

function bodyOf(operation: Operation): Pick<OpenApiOperation, 'requestBody'> {
  if (operation.kind === 'raw' || operation.body === undefined) return {};
  const { name, example } = operation.body;
  return {
    requestBody: { required: true, content: { 'application/json': { schema: { $ref: REF + name }, example } } },
  };
}

function parameters(
  schema: z.ZodType,
  where: 'path' | 'query',
  example: (name: string) => string | undefined,
): OpenApiParameter[] {
  const made = z.toJSONSchema(schema, { io: 'input', override: plainIntegers }) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(made.properties ?? {}).map(([name, property]) => {
    const parameter: Writable<OpenApiParameter> = { name, in: where, schema: property };
    // The pattern of a time takes six lines and says no more than its format.
    if (property['format'] === 'date-time') delete property['pattern'];
    if (made.required?.includes(name)) parameter.required = true;
    const shown = example(name);
    if (shown !== undefined) {
      parameter.example = property['type'] === 'integer' || property['type'] === 'number' ? Number(shown) : shown;
    }
    return parameter;
  });
}

function responses(operation: Operation): OpenApiOperation['responses'] {
  const success =
    operation.kind === 'json'
      ? { 'application/json': { schema: { $ref: REF + operation.answer.name }, example: operation.answer.example } }
      : {
          [operation.answer.mediaType]: {
            schema: { type: 'string' },
            ...(operation.answer.example === undefined ? {} : { example: operation.answer.example }),
          },
        };
  const result: Record<string, { description: string; content: Record<string, Json> }> = {
    200: { description: operation.answer.description, content: success },
  };
  for (const code of operation.problems) addProblem(result, code, true);
  for (const code of ANYWHERE) addProblem(result, code, false);
  const others = operation.kind === 'json' ? Object.entries(operation.otherStatuses ?? {}) : [];
  for (const [status, description] of others) {
    const entry = result[status];
    result[status] = {
      description: entry === undefined ? description : `${description}. Or: ${entry.description}`,
      content: { ...entry?.content, 'application/json': { schema: success['application/json']?.['schema'] } },
    };
  }
  return result;
}

function addProblem(
  result: Record<string, { description: string; content: Record<string, Json> }>,
  code: ProblemCode,
  withExample: boolean,
): void {
  const { status, title } = PROBLEMS[code];
  const known = result[status];
  const content: Json = { schema: { $ref: `${REF}Problem` }, ...known?.content[PROBLEM_TYPE] };
  if (withExample) {
    const value = problemDocument(new ApiProblem(code, exampleDetails(code)));
    content['examples'] = { ...(content['examples'] as Json | undefined), [code]: { summary: title, value } };
  }
  result[status] = {
    description: known === undefined ? title : `${known.description}; ${title}`,
    content: { [PROBLEM_TYPE]: content },
  };
}

function exampleDetails(code: ProblemCode) {
  if (code === 'invalid_request') {
    return {
      detail: 'limit: Too big (query)',
      issues: [{ path: 'limit', message: 'Too big: expected number to be <=1000' }],
    };
  }
  if (code === 'ambiguous_trace') {
    const rest = '0'.repeat(55);
    return {
      detail: '2 transactions fit: add characters or name the channel.',
      candidates: ['1', '2'].map((digit) => ({ channel: 'mychannel', txId: `be8ab01d${digit}${rest}` })),
    };
  }
  return {};
}
