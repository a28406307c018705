import { expect, test } from 'vitest';
import { parseBeatsAddress } from './beatsOptions.ts';

test.each([
  ['0.0.0.0:5044', { host: '0.0.0.0', port: 5044, plaintext: false }],
  ['tls://collector.example.com:5044', { host: 'collector.example.com', port: 5044, plaintext: false }],
  ['tcp://127.0.0.1:0', { host: '127.0.0.1', port: 0, plaintext: true }],
  ['[::1]:5044', { host: '::1', port: 5044, plaintext: false }],
])('%s is an address', (text, address) => {
  expect(parseBeatsAddress(text)).toEqual(address);
});

test.each(['', '5044', ':5044', 'host', 'host:', 'host:70000', 'http://host:1', '::1:5044', 'host:1/x'])(
  '"%s" is none',
  (text) => {
    expect(() => parseBeatsAddress(text)).toThrow(expect.objectContaining({ code: 'bad_beats_address' }));
  },
);
