import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { mentionsIn } from './mentions.ts';

const names = new Map([
  ['Org1MSP/peer0.org1.example.com', 'peer0.org1'],
  ['Org1MSP/peer10.org1.example.com', 'peer10.org1'],
  ['OrdererMSP/orderer1.example.com', 'orderer1'],
  ['Org1MSP/peer1.example.com', 'peer1.example.com'],
]);
const found = (text: string) =>
  mentionsIn(text, names).flatMap((part) => (typeof part === 'string' ? [] : [part.name]));

test('names become links, where they are whole', () => {
  expect(mentionsIn('peer10.org1 received block 4 from orderer1.', names)).toEqual([
    { at: 0, id: 'Org1MSP/peer10.org1.example.com', name: 'peer10.org1' },
    ' received block 4 from ',
    { at: 34, id: 'OrdererMSP/orderer1.example.com', name: 'orderer1' },
    '.',
  ]);
  expect(found('peer0.org1: refused; “peer0.org1 said no”')).toEqual(['peer0.org1', 'peer0.org1']);
  expect(found('peer0.org12, xpeer0.org1, orderer1@x, orderer1.example.com, orderer1:7050, User1@peer0.org1')).toEqual(
    [],
  );
  expect(found('peer1.example.com and peer10.org1')).toEqual(['peer1.example.com', 'peer10.org1']);
  expect(mentionsIn('nobody', new Map([['x', '']]))).toEqual(['nobody']);
});

test('nothing of the text is lost', () => {
  fc.assert(
    fc.property(fc.string(), fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 })), (text, some) => {
      const parts = mentionsIn(text, new Map(some.map((name, index) => [`${index}`, name])));
      expect(parts.map((part) => (typeof part === 'string' ? part : part.name)).join('')).toBe(text);
    }),
  );
});
