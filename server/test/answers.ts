import { expect } from 'vitest';
import type { z } from 'zod';
import { Problem } from '../api/schemas.ts';
import type { ProblemCode, ProblemDocument } from '../problems.ts';

/** A 200 whose body fits the schema and holds nothing besides. */
export async function expectAnswer<T extends z.ZodType>(response: Response, schema: T): Promise<z.output<T>> {
  const body: unknown = await response.json();
  expect({ status: response.status, body }).toMatchObject({ status: 200 });
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const parsed = schema.parse(body);
  // Objects drop what their schema does not name: a field that is missing here was never promised.
  expect(parsed).toEqual(body);
  return parsed;
}

/** A problem document with this status and code. */
export async function expectProblem(response: Response, status: number, code: ProblemCode): Promise<ProblemDocument> {
  const body: unknown = await response.json();
  expect({ status: response.status, body }).toMatchObject({ status, body: { status, code } });
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('etag')).toBeNull();
  const problem = Problem.strict().parse(body);
  expect(problem.type).toBe(`/api/docs#${code}`);
  return problem;
}
