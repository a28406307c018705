import { describe, expect, it } from 'vitest';
import { streamNameOf, streamPathOf } from './rotation.ts';

describe('streamPathOf', () => {
  it.each([
    ['/l/peer0.log', '/l/peer0.log'],
    ['/l/peer0.log.1', '/l/peer0.log'],
    ['/l/peer0.log.12.gz', '/l/peer0.log'],
    ['/l/peer0.log.gz', '/l/peer0.log'],
    ['/l/peer0.log.old', '/l/peer0.log'],
    ['/l/peer0.log-20261121', '/l/peer0.log'],
    ['/l/peer0.log-20261121.gz', '/l/peer0.log'],
    ['/l/peer0.log.2026-11-21T10:20:30', '/l/peer0.log'],
    ['/l/0.log.20261121-102030', '/l/0.log'],
    ['/l/peer0-2026-11-21T10-20-30.123.log', '/l/peer0.log'],
    ['/l/peer0.org1.example.com.log.3', '/l/peer0.org1.example.com.log'],
    // Numbers that belong to a node's name.
    ['/l/peer-1.log', '/l/peer-1.log'],
    ['/l/peer.1.log', '/l/peer.1.log'],
    ['/l/orderer1', '/l/orderer1'],
    ['/l/orderer.1', '/l/orderer.1'],
  ])('%s is of %s', (path, stream) => {
    expect(streamPathOf(path)).toBe(stream);
  });
});

describe('streamNameOf', () => {
  it.each([
    ['/l/peer0.org1.log.2.gz', 'peer0.org1'],
    ['/l/orderer1', 'orderer1'],
    ['/l/.log', '.log'],
  ])('%s is named %s', (path, name) => {
    expect(streamNameOf(path)).toBe(name);
  });
});
