import { FINDINGS } from '#trace/findings/catalogue.ts';
import type { FindingCode } from '#trace/findings/codes.ts';
import { NoInput } from './noInput.ts';
import { jsonOperation } from './operation.ts';
import { FindingCatalogue } from './schemas.ts';

/** In the order of the catalogue. */
const items = (Object.keys(FINDINGS) as FindingCode[]).map((code) => {
  const { severity, title, explanation } = FINDINGS[code];
  return { code, severity, title, explanation };
});

const EXAMPLE = {
  code: 'mvcc_conflict',
  severity: 'error',
  title: 'Another transaction was faster',
  explanation: 'A key that the transaction had read was changed before it could be committed.',
};

export const listFindings = jsonOperation({
  id: 'listFindings',
  path: '/api/v1/findings',
  tag: 'traces',
  summary: 'Every finding that a trace can have, with what it means',
  params: NoInput,
  query: NoInput,
  answer: {
    name: 'FindingCatalogue',
    schema: FindingCatalogue,
    description: 'The catalogue',
    example: { items: [EXAMPLE] },
  },
  problems: ['invalid_request'],
  async handle() {
    return { body: { items }, cache: 'revalidate' };
  },
});
