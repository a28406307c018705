import { describe, expect, it } from 'vitest';
import { StoreError } from '../errors.ts';
import { formatAddress, parseElasticsearchUrl } from './address.ts';
import { Connection } from './connection.ts';

describe('URLs of stores in Elasticsearch', () => {
  it.each([
    ['elasticsearch:http://localhost:9200', ['http://localhost:9200'], 'ftl'],
    ['elasticsearch:http://localhost:9200/', ['http://localhost:9200'], 'ftl'],
    ['ELASTICSEARCH:https://es.example.com/audit-2', ['https://es.example.com'], 'audit-2'],
    ['elasticsearch:https://a:9200,https://b:9201/x', ['https://a:9200', 'https://b:9201'], 'x'],
    [
      'elasticsearch:https://a:9200,b:9201,[::1]:9202/x',
      ['https://a:9200', 'https://b:9201', 'https://[::1]:9202'],
      'x',
    ],
  ])('%s', (url, nodes, prefix) => {
    const address = parseElasticsearchUrl(url);
    expect(address).toEqual({ nodes, cloudId: null, prefix });
    expect(parseElasticsearchUrl(formatAddress(address))).toEqual(address);
  });

  it('takes a cloud ID, which names a cluster over TLS', async () => {
    const cloudId = `test:${Buffer.from('example.com:9243$abc$def').toString('base64')}`;
    const address = parseElasticsearchUrl(`elasticsearch:cloud:${cloudId}/mine`);
    expect(address).toEqual({ nodes: [], cloudId, prefix: 'mine' });
    expect(parseElasticsearchUrl(formatAddress(address))).toEqual(address);
    const connection = new Connection(address, { apiKey: 'a2V5' });
    expect(
      await connection.run(async (client) => client.connectionPool.connections.map(({ url }) => url.origin)),
    ).toEqual(['https://abc.example.com:9243']);
    await connection.close();
    const broken = parseElasticsearchUrl('elasticsearch:cloud:x:AAAA');
    expect(() => new Connection(broken)).toThrow(expect.objectContaining({ code: 'unsupported_url' }) as Error);
  });

  it.each([
    ['elasticsearch:', /names no node/],
    ['elasticsearch:localhost:9200', /names no node/],
    ['elasticsearch:ftp://localhost', /names no node/],
    ['elasticsearch:http://localhost:9200,,', /names no node/],
    ['elasticsearch:http://localhost:9200/Capitals', /cannot begin the names of indices/],
    ['elasticsearch:http://localhost:9200/-x', /cannot begin/],
    ['elasticsearch:http://localhost:9200/a/b', /cannot begin/],
    ['elasticsearch:http://localhost:9200/a*', /cannot begin/],
    [`elasticsearch:http://localhost:9200/${'a'.repeat(101)}`, /cannot begin/],
    ['elasticsearch:http://localhost:9200/x?pretty', /more than nodes and a prefix/],
    ['elasticsearch:cloud:', /no cloud ID/],
    ['elasticsearch:cloud:a:b/c/d', /no cloud ID/],
  ])('refuses %s', (url, message) => {
    expect(() => parseElasticsearchUrl(url)).toThrow(StoreError);
    expect(() => parseElasticsearchUrl(url)).toThrow(message);
    expect(() => parseElasticsearchUrl(url)).toThrow(/write elasticsearch:http:\/\/HOST:9200/);
  });

  it.each([
    'http://me:hush@localhost:9200',
    'http://localhost:9200,http://me:hush@b:9200/x',
    'http://hush@localhost:9200',
  ])('refuses credentials, and does not repeat them: %s', (rest) => {
    const parse = () => parseElasticsearchUrl(`elasticsearch:${rest}`);
    expect(parse).toThrow(/FTL_ELASTICSEARCH_API_KEY/);
    expect(parse).not.toThrow(/hush/);
  });
});
