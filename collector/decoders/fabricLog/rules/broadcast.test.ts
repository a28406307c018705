import { describe, expect, it } from 'vitest';
import { entries, ftlOf, ID } from '../../testing/entries.ts';

const arrived = (id: string, from = '1.1.1.1:1') =>
  [
    `[channel: c] Broadcast is processing normal message from ${from} with txid '${id}' of type ENDORSER_TRANSACTION`,
  ] as const;
const rejected = (text: string) => [`[channel: c] Rejecting broadcast of ${text}`] as const;
const enqueued = (from: string, type = 'ENDORSER_TRANSACTION') =>
  [`[channel: c] Broadcast has successfully enqueued message of type ${type} from ${from}`] as const;

describe('broadcast', () => {
  it.each([
    [
      'normal message from 1.1.1.1:1 because of error: message payload is 9 bytes and exceeds maximum allowed 8 bytes',
      400,
    ],
    ['normal message from 1.1.1.1:1 because of error: implicit policy evaluation failed: permission denied', 403],
    ['normal message from 1.1.1.1:1 because of error: channel does not exist', 404],
    ['normal message from 1.1.1.1:1 because of error: normal transactions are rejected: maintenance mode', 503],
    ['message from 1.1.1.1:1 with SERVICE_UNAVAILABLE: rejected by Consenter: no Raft leader', 503],
    ['normal message from 1.1.1.1:1 with SERVICE_UNAVAILABLE: rejected by Order: no Raft leader', 503],
  ])('rejects: %s', (text, status) => {
    const [, response] = ftlOf(entries('orderer.common.broadcast', [arrived(ID), rejected(text)]));
    expect(response).toMatchObject({
      point: 'broadcast.response',
      channel: 'c',
      tx_id: ID,
      status,
      error: text.slice(text.indexOf(': ') + 2),
    });
  });

  it('answers in order of arrival per address, configuration updates between', () => {
    const lines = entries('orderer.common.broadcast', [
      arrived('t1'),
      ['[channel: c] Broadcast is processing config update message from 1.1.1.1:1'],
      arrived('t2', '2.2.2.2:2'),
      arrived('t3'),
      enqueued('1.1.1.1:1'),
      enqueued('1.1.1.1:1', 'CONFIG_UPDATE'),
      rejected('normal message from 1.1.1.1:1 because of error: bad'),
      enqueued('2.2.2.2:2'),
      enqueued('3.3.3.3:3'),
    ]);
    expect(
      ftlOf(lines)
        .filter(({ point }) => point === 'broadcast.response')
        .map(({ tx_id, status }) => [tx_id, status]),
    ).toEqual([
      ['t1', 200],
      ['t3', 400],
      ['t2', 200],
    ]);
  });

  it('tells nothing of an answer whose arrival is not written (info level)', () => {
    expect(
      ftlOf(
        entries('orderer.common.broadcast', [
          rejected('normal message from 1.1.1.1:1 because of error: bad'),
          ['Error reading from 1.1.1.1:1: EOF'],
        ]),
      ),
    ).toEqual([]);
  });
});
