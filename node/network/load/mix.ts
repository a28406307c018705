import { NetworkError } from '../networkError.ts';

/** What the load is made of. */
export const OPERATIONS = {
  create: 'creates an asset',
  update: 'changes the value of one',
  transfer: 'changes its owner',
  delete: 'deletes one',
  details: 'keeps private details of one',
  read: 'reads one, without a transaction',
  list: 'lists assets, without a transaction',
  history: 'asks for the history of one, without a transaction',
  conflict: 'changes one asset twice at the same time: only one change can be valid',
  fail: 'asks for what the chaincode refuses',
  disagree: 'has the chaincode answer differently on each peer',
  unendorsed: 'sends a transaction with the endorsement of one organisation alone',
  forged: 'sends a proposal whose signature is not its own',
} as const;

export type Operation = keyof typeof OPERATIONS;

/** Weights; what is not named does not happen. */
export type Mix = Readonly<Partial<Record<Operation, number>>>;

/** Much that works, some of everything else. */
export const DEFAULT_MIX: Mix = {
  create: 40,
  update: 15,
  transfer: 15,
  delete: 3,
  details: 5,
  read: 10,
  list: 2,
  history: 2,
  conflict: 3,
  fail: 2,
  disagree: 1,
  unendorsed: 1,
  forged: 1,
};

/**
 * Reads a mix such as `create=80,read=20`.
 * @throws NetworkError `bad_layout`
 */
export function parseMix(text: string): Mix {
  const mix: Partial<Record<Operation, number>> = {};
  for (const part of text.split(',')) {
    const [name = '', weight = '1'] = part.split('=').map((side) => side.trim());
    const number = Number(weight);
    if (!Object.hasOwn(OPERATIONS, name)) {
      const known = Object.keys(OPERATIONS).join(', ');
      throw new NetworkError(
        'bad_layout',
        `${name === '' ? 'an empty name' : name} is no operation; there are ${known}`,
      );
    }
    if (!Number.isFinite(number) || number < 0) {
      throw new NetworkError('bad_layout', `${weight} is no weight for ${name}`);
    }
    mix[name as Operation] = number;
  }
  if (Object.values(mix).every((weight) => weight === 0)) {
    throw new NetworkError('bad_layout', 'a mix must have something in it');
  }
  return mix;
}

/** @param random from 0 up to 1 */
export function pick(mix: Mix, random: number): Operation {
  const entries = Object.entries(mix) as [Operation, number][];
  let left = random * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of entries) {
    left -= weight;
    if (left < 0) {
      return name;
    }
  }
  return (entries.findLast(([, weight]) => weight > 0) as [Operation, number])[0];
}
