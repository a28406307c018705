import { describe, expect, test } from 'vitest';
import { parseConnection } from './serviceConnection.ts';

const parse = (value: unknown, names?: Record<string, string>): ReturnType<typeof parseConnection> =>
  parseConnection(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), names);

describe('parseConnection', () => {
  test('reads an address, and how long to wait for it', () => {
    expect(parse({ address: 'host:9' })).toEqual({
      connect: { address: 'host:9', tlsRoots: null },
      dialTimeoutMs: 3000,
    });
    expect(parse({ address: 'host:9', dial_timeout: '1m10s' }).dialTimeoutMs).toBe(70_000);
    expect(parse({ address: 'host:9', dial_timeout: 5e9 }).dialTimeoutMs).toBe(5000);
    expect(parse({ address: 'host:9', dial_timeout: '' }).dialTimeoutMs).toBe(3000);
  });

  test('reads what TLS needs', () => {
    const tls = { address: 'host:9', tls_required: true, root_cert: 'root' };
    expect(parse(tls).connect).toEqual({ address: 'host:9', tlsRoots: 'root' });
    expect(
      parse({ ...tls, client_auth_required: true, client_key: 'key', client_cert: 'cert', domain: 'name' }).connect,
    ).toEqual({
      address: 'host:9',
      tlsRoots: 'root',
      clientCertificate: { key: 'key', certificate: 'cert' },
      serverName: 'name',
    });
  });

  test('puts in what differs from peer to peer', () => {
    const { connect } = parse({ address: '{{.peername}}_{{ .cc }}:9' }, { peername: 'peer0', cc: 'basic' });
    expect(connect.address).toBe('peer0_basic:9');
  });

  test.each([
    ['{', 'malformed chaincode info'],
    ['null', 'no object'],
    [{}, 'chaincode address not provided'],
    [{ address: 3 }, 'address is no text'],
    [{ address: '{{.peername}}:9' }, 'nothing is known to put in for {{.peername}}'],
    [{ address: 'a:1', dial_timeout: 'soon' }, 'invalid duration'],
    [{ address: 'a:1', dial_timeout: -1 }, 'invalid duration'],
    [{ address: 'a:1', tls_required: true }, 'chaincode tls root cert not provided'],
    [
      { address: 'a:1', tls_required: true, client_auth_required: true, root_cert: 'x' },
      'chaincode tls key not provided',
    ],
    [
      { address: 'a:1', tls_required: true, client_auth_required: true, root_cert: 'x', client_key: 'x' },
      'chaincode tls cert not provided',
    ],
  ])('refuses %j', (value, message) => {
    expect(() => parse(value)).toThrow(message);
  });
});
