import { hash } from 'node:crypto';
import { ledger, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHANNEL, ChaincodeBed, CONTRACT, org1, org2 } from '../../chaincode/chaincodeBed.ts';
import { ChaincodeService } from '../../chaincode/chaincodeService.ts';
import { freePort } from '../../chaincode/freePort.ts';
import { signaturePolicyBytes } from '../../harness/signedChannel.ts';

/** The contract's every call, by both ways in which chaincode comes. */
describe.each(['service', 'program'] as const)('a contract that runs as a %s', (kind) => {
  let bed: ChaincodeBed;
  const services: ChaincodeService[] = [];

  beforeAll(async () => {
    bed = await ChaincodeBed.start({ runtime: { user: null } });
    for (const name of ['every', 'second']) {
      if (kind === 'service') {
        const address = `127.0.0.1:${await freePort()}`;
        const packageId = await bed.install({ label: `${name}_1`, type: 'ccaas', connection: { address } }, name);
        services.push(await ChaincodeService.start(CONTRACT, address, packageId));
      } else {
        await bed.install({ label: `${name}_1`, type: 'node', path: CONTRACT }, name);
      }
    }
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
    await Promise.all(services.map((service) => service.stop()));
  });

  const json = async (name: string, ...args: string[]): Promise<unknown> => {
    const { status, message, payload } = await bed.invoke(name, args);
    expect({ status, message }).toEqual({ status: 200, message: '' });
    return JSON.parse(payload);
  };

  test('writes, reads and deletes', async () => {
    await bed.submit('put', ['a', 'one']);
    expect((await bed.invoke('get', ['a'])).payload).toBe('one');
    await bed.submit('delete', ['a']);
    expect((await bed.invoke('get', ['a'])).payload).toBe('');
  });

  test('reads ranges of any length, more than one message holds', async () => {
    await bed.submit('putMany', ['r', '250']);
    const found = (await json('range', 'r', 's')) as [string, string][];
    expect(found).toHaveLength(250);
    expect(found[0]).toEqual(['r0000', '0']);
    expect(found[249]).toEqual(['r0249', '249']);
    expect(await json('range', 'r0010', 'r0012')).toEqual([
      ['r0010', '10'],
      ['r0011', '11'],
    ]);
    expect(await json('range', 'x', 'y')).toEqual([]);
  });

  test('notes a range that was left as far as a Go peer reads ahead', async () => {
    const { response, payload } = await bed.invoke('leaveRange', ['r', 's']);
    expect(payload).toBe('r0000');
    const [query] = readWrites(response)?.getRangeQueriesInfoList() ?? [];
    expect(query?.getItrExhausted()).toBe(false);
    expect(query?.getEndKey()).toBe('r0100');
  });

  test('reads a range page by page', async () => {
    const first = (await json('page', 'r0000', 'r0005', '3', '')) as Record<string, unknown>;
    expect(first).toMatchObject({ fetchedRecordsCount: 3, next: 'r0003' });
    const second = await json('page', 'r0000', 'r0005', '3', String(first['next']));
    expect(second).toEqual({
      found: [
        ['r0003', '3'],
        ['r0004', '4'],
      ],
      fetchedRecordsCount: 2,
      next: '',
    });
    expect((await bed.invoke('pageAndPut', ['r', 's'])).message).toContain(
      'unsuppored transaction. Transaction has already performed a paginated query. Writes are not allowed',
    );
  });

  test('keeps composite keys', async () => {
    await bed.submit('putComposite', ['owner', 'ann car']);
    await bed.submit('putComposite', ['owner', 'ann house']);
    await bed.submit('putComposite', ['owner', 'bob car']);
    expect(await json('composite', 'owner', 'ann')).toEqual([
      [['ann', 'car'], 'ann/car'],
      [['ann', 'house'], 'ann/house'],
    ]);
    const first = (await json('compositePage', 'owner', '2', '')) as { found: string[]; next: string };
    expect(first.found).toEqual(['ann/car', 'ann/house']);
    expect(await json('compositePage', 'owner', '2', first.next)).toEqual({ found: ['bob/car'], next: '' });
  });

  test('tells the history of a key, newest first', async () => {
    const ids: string[] = [];
    for (const value of ['1', '2']) {
      ids.push((await bed.submit('put', ['h', value])).proposal.txId);
    }
    ids.push((await bed.submit('delete', ['h'])).proposal.txId);
    expect(await json('history', 'h')).toEqual([
      { txId: ids[2], value: '', isDelete: true, timed: true },
      { txId: ids[1], value: '2', isDelete: false, timed: true },
      { txId: ids[0], value: '1', isDelete: false, timed: true },
    ]);
  });

  test('refuses rich queries as a Go peer with LevelDB does', async () => {
    expect((await bed.invoke('query', ['{"selector":{}}'])).message).toMatch(
      /GET_QUERY_RESULT failed: transaction ID: [0-9a-f]{64}: ExecuteQuery not supported for leveldb/,
    );
    expect((await bed.invoke('queryPage', ['{"selector":{}}'])).message).toContain(
      'ExecuteQueryWithMetadata not supported for leveldb',
    );
  });

  test('keeps private data, their hashes and their deletion', async () => {
    await bed.submit('putPrivate', ['secrets', 'p'], { transient: { value: 'hidden' } });
    expect((await bed.invoke('getPrivate', ['secrets', 'p'])).payload).toBe('hidden');
    expect((await bed.invoke('privateHash', ['secrets', 'p'])).payload).toBe(hash('sha256', 'hidden'));
    expect(await json('privateRange', 'secrets', 'a', 'z')).toEqual([['p', 'hidden']]);
    await bed.submit('deletePrivate', ['secrets', 'p']);
    expect((await bed.invoke('getPrivate', ['secrets', 'p'])).payload).toBe('');
    await bed.submit('putPrivate', ['secrets', 'p'], { transient: { value: 'again' } });
    await bed.submit('purgePrivate', ['secrets', 'p']);
    expect((await bed.invoke('getPrivate', ['secrets', 'p'])).payload).toBe('');
  });

  test('lets members alone into a collection that is for members', async () => {
    const outsider = { creator: org2.client, transient: { value: 'x' } };
    expect((await bed.invoke('putPrivate', ['members', 'm'], { transient: { value: 'x' } })).status).toBe(200);
    expect((await bed.invoke('putPrivate', ['members', 'm'], outsider)).message).toContain(
      'tx creator does not have write access permission on privatedata in chaincodeName:every collectionName: members',
    );
    expect((await bed.invoke('getPrivate', ['members', 'm'], outsider)).message).toContain(
      'tx creator does not have read access permission',
    );
    expect((await bed.invoke('getPrivate', ['nowhere', 'm'])).message).toContain(
      'collection trade/every/nowhere could not be found',
    );
    const { response } = await bed.invoke('getPrivate', ['members', 'm']);
    expect(
      readWrites(response, '_lifecycle')
        ?.getReadsList()
        .map((read) => read.getKey()),
    ).toEqual([
      'namespaces/fields/every/Collections',
      'namespaces/fields/every/EndorsementInfo',
      'namespaces/fields/every/Sequence',
      'namespaces/fields/every/ValidationInfo',
      'namespaces/metadata/every',
    ]);
  });

  test('gives keys a policy of their own', async () => {
    const policy = Buffer.from(signaturePolicyBytes("OR('Org1MSP.peer')")).toString('hex');
    await bed.submit('put', ['k', 'v']);
    await bed.submit('setPolicy', ['k', policy]);
    expect((await bed.invoke('getPolicy', ['k'])).payload).toBe(policy);
    await bed.submit('putPrivate', ['secrets', 'k'], { transient: { value: 'x' } });
    await bed.submit('setPrivatePolicy', ['secrets', 'k', policy]);
    expect((await bed.invoke('getPrivatePolicy', ['secrets', 'k'])).payload).toBe(policy);
  });

  test('invokes other chaincode, in its channel and, for reading, in another', async () => {
    const { payload, response } = await bed.invoke('call', ['second', '', 'put theirs 1']);
    expect(JSON.parse(payload)).toEqual({ status: 200, message: '', payload: '' });
    expect(readWrites(response, 'second')?.getWritesList()[0]?.getKey()).toBe('theirs');
    const other = await bed.invoke('call', ['second', 'other', 'whoAmI']);
    expect(JSON.parse(JSON.parse(other.payload).payload)).toMatchObject({ channel: 'other' });
    expect(readWrites(other.response, 'second')).toBeNull();
    const missing = await bed.invoke('call', ['nobody', '', 'put']);
    expect(missing.message).toMatch(
      /INVOKE_CHAINCODE failed: transaction ID: [0-9a-f]{64}: execute failed: invalid invocation: \[channel trade\] failed to get/,
    );
    // Before anything is executed.
    const nowhere = await bed.invoke('call', ['second', 'nowhere', 'put theirs 1']);
    expect(nowhere.message).toMatch(
      /INVOKE_CHAINCODE failed: transaction ID: [0-9a-f]{64}: Failed to get policy manager for channel \[nowhere\]/,
    );
    const itself = await bed.invoke('call', ['every', '', 'put a b']);
    expect(itself.message).toMatch(/execute failed: .*txid: [0-9a-f]{64}\(trade\) exists/);
  });

  test('is told of a failure in the chaincode that it calls', async () => {
    const { payload } = await bed.invoke('call', ['second', '', 'fail tomorrow']);
    const { status, message } = JSON.parse(payload) as { readonly status: number; readonly message: string };
    expect(status).toBe(500);
    expect(message).toContain('tomorrow');
    expect(message).not.toContain('transaction returned with failure');
    expect(message).not.toContain('execute failed');
  });

  test('sets an event, which the peer puts its name to', async () => {
    const { response } = await bed.invoke('event', ['sold', 'for 3']);
    const action = peer.ChaincodeAction.deserializeBinary(
      peer.ProposalResponsePayload.deserializeBinary(response.getPayload_asU8()).getExtension_asU8(),
    );
    const event = peer.ChaincodeEvent.deserializeBinary(action.getEvents_asU8());
    expect([event.getChaincodeId(), event.getEventName(), Buffer.from(event.getPayload_asU8()).toString()]).toEqual([
      'every',
      'sold',
      'for 3',
    ]);
  });

  test('knows who asks, and for what', async () => {
    const { payload, proposal } = await bed.invoke('whoAmI', ['x'], { transient: { a: 'b' } });
    expect(JSON.parse(payload)).toMatchObject({
      channel: CHANNEL,
      txId: proposal.txId,
      creator: org1.mspId,
      args: ['whoAmI', 'x'],
      signed: true,
      binding: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect((await bed.invoke('transient', ['a'], { transient: { a: 'b' } })).payload).toBe('b');
  });

  test('fails with its own words', async () => {
    const { status, message } = await bed.invoke('fail', ['no such asset']);
    expect(status).toBe(500);
    expect(message).toContain('no such asset');
  });

  test('may forget to wait for a write', async () => {
    const { response } = await bed.invoke('putWithoutWaiting', ['forgotten', '1']);
    expect(readWrites(response)?.getWritesList()[0]?.getKey()).toBe('forgotten');
  });

  test('runs many transactions at a time, with many requests at a time', async () => {
    await bed.submit('put', ['same', 'value']);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => bed.invoke('parallel', [Array.from({ length: 10 }, () => 'same').join(' ')])),
    );
    for (const { payload } of answers) {
      expect(JSON.parse(payload)).toEqual(Array.from({ length: 10 }, () => 'value'));
    }
  });
});

/** Of one namespace, as it was endorsed; null where it was not touched. */
function readWrites(response: peer.ProposalResponse, namespace = 'every'): ledger.rwset.kvrwset.KVRWSet | null {
  const payload = peer.ProposalResponsePayload.deserializeBinary(response.getPayload_asU8());
  const action = peer.ChaincodeAction.deserializeBinary(payload.getExtension_asU8());
  const results = ledger.rwset.TxReadWriteSet.deserializeBinary(action.getResults_asU8());
  const found = results.getNsRwsetList().find((one) => one.getNamespace() === namespace);
  return found === undefined ? null : ledger.rwset.kvrwset.KVRWSet.deserializeBinary(found.getRwset_asU8());
}
