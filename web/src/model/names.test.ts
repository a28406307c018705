import { expect, test } from 'vitest';
import { displayNames, shortTxId } from './names.ts';

test('names are short where they can be and never shared', () => {
  const names = displayNames([
    'Org1MSP/peer0.org1.example.com',
    'Org1MSP/User1@org1.example.com',
    'OrdererMSP/orderer1.example.com',
    'AMSP/node1.example.com',
    'BMSP/node1.example.com',
    'BMSP/node1.other.com',
    'Org9MSP/127.0.0.1:7051',
    'client',
  ]);
  expect(Object.fromEntries(names)).toEqual({
    'Org1MSP/peer0.org1.example.com': 'peer0.org1',
    'Org1MSP/User1@org1.example.com': 'User1@org1',
    'OrdererMSP/orderer1.example.com': 'orderer1',
    'BMSP/node1.other.com': 'node1.other.com',
    'AMSP/node1.example.com': 'AMSP/node1.example.com',
    'BMSP/node1.example.com': 'BMSP/node1.example.com',
    'Org9MSP/127.0.0.1:7051': '127.0.0.1:7051',
    client: 'client',
  });
});

test('transaction IDs are shortened, other text is not', () => {
  expect(shortTxId('be8ab01d0afab9121a7de06e94f71f70767c7842172d1c8920f20747bc844ff7')).toBe('be8ab01d…4ff7');
  expect(shortTxId('block:5:0')).toBe('block:5:0');
});
