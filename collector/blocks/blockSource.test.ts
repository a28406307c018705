import { common, orderer, peer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { allBlocksOf, type RecordedSet, sharedBlocks, vendoredBlocks, VERSIONS } from '#node/protos/testBlocks.ts';
import { type StoredRecord, TraceRecord, traceIdOf } from '#trace/record.ts';
import { BlockSource, decodeBlock } from './blockSource.ts';
import { changedBlock, changedHeader, firstEnvelope, ordererCopy, realBlock } from './testBlock.ts';

const ofPoint = (records: readonly StoredRecord[], point: string) =>
  records.filter(({ record }) => record.ftl.point === point).map(({ record }) => record);
const transactionsOf = (records: readonly StoredRecord[]) => ofPoint(records, 'block.tx').map(({ ftl }) => ftl);
const ids = (records: readonly StoredRecord[]) => records.map(({ id }) => id).toSorted();

/** What records say of a block, in the words of `validation.json`. */
function describeRecords(records: readonly StoredRecord[]) {
  const [header] = ofPoint(records, 'block.header');
  return {
    block: header?.ftl.block?.number,
    previousHash: header?.ftl.block?.previous_hash,
    dataHash: header?.ftl.block?.data_hash,
    listed: header?.ftl.txs,
    transactions: ofPoint(records, 'block.tx').map(({ '@timestamp': time, 'trace.id': traceId, ftl }) => ({
      index: ftl.tx_index,
      txId: ftl.tx_id,
      traceId,
      type: ftl.tx_type,
      millis: Date.parse(time),
      validationCode: ftl.code,
      creatorMsp: ftl.tx_type === 'CONFIG' ? undefined : ftl.sender?.msp,
      chaincode: ftl.chaincode,
      endorserMsps: ftl.endorsers?.map(({ msp }) => msp),
      block: ftl.block?.hash === header?.ftl.block?.hash && ftl.block?.number,
      error: ftl.error,
    })),
  };
}

const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex');

function asRecorded({ blocks, channel }: RecordedSet) {
  return blocks.map((block) => {
    const idOf = (one: { txId: string; index: number }) => one.txId || `block:${block.number}:${one.index}`;
    return {
      block: block.number,
      previousHash: hex(block.previousHash),
      dataHash: hex(block.dataHash),
      listed: block.transactions.map((one) => ({ id: idOf(one), type: one.type, code: one.validationCode })),
      transactions: block.transactions.map((one) => ({
        index: one.index,
        txId: idOf(one),
        traceId: traceIdOf(channel, idOf(one)),
        type: one.type,
        millis: Date.parse(one.timestamp),
        validationCode: one.validationCode,
        creatorMsp: one.creatorMsp,
        chaincode: one.chaincode,
        endorserMsps: one.endorserMsps,
        block: block.number,
        error: undefined,
      })),
    };
  });
}

function expectAsRecorded(set: RecordedSet): void {
  const source = new BlockSource();
  const decoded = set.blocks.map(({ bytes }) => source.decode(bytes));
  expect(decoded.map(describeRecords)).toEqual(asRecorded(set));
  const all = decoded.flat();
  expect(new Set(ids(all)).size).toBe(all.length);
  for (const { id, record } of all) {
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(TraceRecord.parse(record)).toEqual(record);
    expect(record.ftl.source).toBe('block');
    expect(record['service.node.name']).toBeUndefined();
  }
  const headers = ofPoint(all, 'block.header').map(({ ftl }) => ftl);
  const hashes = new Map(headers.map(({ block }) => [(block?.number ?? 0) + 1, block?.hash]));
  const linked = headers.filter(({ block }) => hashes.has(block?.number ?? -1));
  expect(linked.map(({ block }) => block?.previous_hash)).toEqual(
    linked.map(({ block }) => hashes.get(block?.number ?? -1)),
  );
}

describe('records of real blocks', () => {
  it.each(VERSIONS)('%s: say what the network said, of every transaction', (version) => {
    const set = vendoredBlocks(version);
    expect(set.blocks.length).toBeGreaterThan(17);
    expectAsRecorded(set);
  });

  const shared = sharedBlocks();
  it(`beside the vendored part checks ${allBlocksOf(shared)}`, () => {
    expect(shared.every(({ blocks }) => blocks.length > 10)).toBe(true);
    for (const set of shared) {
      expectAsRecorded(set);
    }
  });

  it('name everybody by certificate', () => {
    const [first] = transactionsOf(decodeBlock(realBlock(37)));
    expect(first).toMatchObject({
      channel: 'mychannel',
      client_time: '2026-11-21T00:21:01.612000Z',
      function: 'TransferAsset',
      sender: {
        id: 'Org1MSP/User1@org1.example.com',
        kind: 'client',
        msp: 'Org1MSP',
        name: 'User1@org1.example.com',
        fingerprint: '1d960988bf43f4a2787fe8a06af790d9f77da188fd326cc0262a619930a166e1',
      },
      rw_sets: [
        { namespace: '_lifecycle', reads: [{ key: 'namespaces/fields/basic/Sequence', version: '3:0' }], writes: [] },
        { namespace: 'basic', reads: [{ key: 'asset20', version: '28:0' }], writes: [{ key: 'asset20' }] },
      ],
    });
    expect(first?.endorsers?.map(({ id, kind, pki_id }) => [id, kind, pki_id?.slice(0, 8)])).toEqual([
      ['Org1MSP/peer0.org1.example.com', 'peer', 'c3319e99'],
      ['Org2MSP/peer0.org2.example.com', 'peer', '9f2b3b22'],
    ]);
  });

  it('keep nanoseconds of the client in client_time, microseconds in @timestamp', () => {
    const [record] = ofPoint(decodeBlock(realBlock(1)), 'block.tx');
    expect([record?.['@timestamp'], record?.ftl.client_time]).toEqual([
      '2026-11-21T00:20:40.832837Z',
      '2026-11-21T00:20:40.832837596Z',
    ]);
  });

  it('of a configuration update name the orderer that wrapped it and the client that asked for it', () => {
    const [record] = transactionsOf(decodeBlock(realBlock(67)));
    expect([record?.tx_id, record?.tx_type, record?.sender?.id, record?.sender?.kind]).toEqual([
      'block:67:0',
      'CONFIG',
      'OrdererMSP/orderer1.example.com',
      'orderer',
    ]);
    expect([record?.creator?.id, record?.creator?.kind]).toEqual(['Org2MSP/Admin@org2.example.com', 'client']);
  });
});

describe('facts of the network', () => {
  it('tell the configuration from each configuration block on', () => {
    const told = [0, 67].map((number) => ofPoint(decodeBlock(realBlock(number)), 'channel.config')[0]?.ftl);
    expect(told.map((ftl) => [ftl?.channel, ftl?.block?.number, ftl?.config?.sequence])).toEqual([
      ['mychannel', 0, 0],
      ['mychannel', 67, 1],
    ]);
    expect(told.map((ftl) => ftl?.config?.organizations.map(({ msp }) => msp))).toEqual([
      ['Org1MSP', 'Org2MSP', 'OrdererMSP'],
      ['Org1MSP', 'Org2MSP', 'Org3MSP', 'OrdererMSP'],
    ]);
    expect(told[0]?.config).toEqual({
      sequence: 0,
      organizations: [
        {
          msp: 'Org1MSP',
          role: 'application',
          anchor_peers: ['localhost:7051'],
          endorsement: { n: 1, rules: [{ principal: 'Org1MSP.peer' }] },
        },
        {
          msp: 'Org2MSP',
          role: 'application',
          anchor_peers: ['localhost:9051'],
          endorsement: { n: 1, rules: [{ principal: 'Org2MSP.peer' }] },
        },
        {
          msp: 'OrdererMSP',
          role: 'orderer',
          orderer_endpoints: ['localhost:7050', 'localhost:7150', 'localhost:7250'],
        },
      ],
      consensus: 'etcdraft',
      consenters: [1, 2, 3].map((node) => ({
        node,
        address: `localhost:7${node - 1}50`,
        name: `orderer${node}.example.com`,
        msp: 'OrdererMSP',
      })),
      batch_timeout_us: 500_000,
      max_message_count: 10,
      endorsement: { expression: 'MAJORITY Endorsement', implicit: 'MAJORITY', sub_policy: 'Endorsement' },
    });
  });

  it('tell each chaincode definition that became valid', () => {
    const definitions = vendoredBlocks('v3.1.5').blocks.flatMap(({ bytes }) =>
      ofPoint(decodeBlock(bytes), 'chaincode.definition').map(({ ftl }) => [ftl.block?.number, ftl.definition]),
    );
    expect(definitions).toEqual([
      [
        3,
        {
          name: 'basic',
          sequence: 1,
          version: '1.0',
          expression: '/Channel/Application/Endorsement',
          reference: '/Channel/Application/Endorsement',
        },
      ],
      [
        48,
        {
          name: 'basic',
          sequence: 2,
          version: '1.0',
          expression: "OR('Org1MSP.peer','Org2MSP.peer')",
          rule: { n: 1, rules: [{ principal: 'Org1MSP.peer' }, { principal: 'Org2MSP.peer' }] },
        },
      ],
    ]);
    const refused = changedBlock(realBlock(3), { metadata: (list) => list.with(2, Uint8Array.of(11)) });
    expect(ofPoint(decodeBlock(refused), 'chaincode.definition')).toEqual([]);
    expect(ofPoint(decodeBlock(ordererCopy(realBlock(3))), 'chaincode.definition')).toEqual([]);
  });

  it('introduce endorsers, signers and consenters, each once', () => {
    const source = new BlockSource();
    const { blocks } = vendoredBlocks('v3.1.5');
    const told = blocks.flatMap(({ bytes }) => ofPoint(source.decode(bytes), 'node.identity').map(({ ftl }) => ftl));
    const names = told.map(({ sender }) => [sender?.kind, sender?.id ?? sender?.name, sender?.address]);
    expect(names.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      ['orderer', 'orderer1.example.com', 'localhost:7050'],
      ['orderer', 'orderer2.example.com', 'localhost:7150'],
      ['orderer', 'orderer3.example.com', 'localhost:7250'],
      ['orderer', 'OrdererMSP/orderer3.example.com', undefined],
      ['peer', 'Org1MSP/peer0.org1.example.com', undefined],
      ['peer', 'Org1MSP/peer1.org1.example.com', undefined],
      ['peer', 'Org2MSP/peer0.org2.example.com', undefined],
      ['peer', 'Org2MSP/peer1.org2.example.com', undefined],
      ['peer', 'Org3MSP/peer0.org3.example.com', undefined],
    ]);
    expect(blocks.flatMap(({ bytes }) => source.decode(bytes)).map(({ record }) => record.ftl.point)).not.toContain(
      'node.identity',
    );
  });
});

const txIds = (records: readonly StoredRecord[]) =>
  ids(records.filter(({ record }) => record.ftl.point === 'block.tx'));

describe('record IDs', () => {
  it('are the same whoever decodes, in whatever order', () => {
    const { blocks } = vendoredBlocks('v3.1.5');
    const source = new BlockSource();
    const once = blocks.flatMap(({ bytes }) => source.decode(bytes));
    const other = new BlockSource();
    expect(ids(blocks.toReversed().flatMap(({ bytes }) => other.decode(bytes)))).toEqual(ids(once));
    const stateless = blocks.flatMap(({ bytes }) => decodeBlock(bytes));
    expect(stateless.length).toBeGreaterThan(once.length);
    expect([...new Set(ids(stateless))]).toEqual(ids(once));
  });

  it("are the same for two peers' copies where these agree", () => {
    // Another orderer signed this peer's copy, and its commit hash differs.
    const mine = decodeBlock(realBlock(37));
    const other = decodeBlock(
      changedBlock(realBlock(37), { metadata: (list) => list.with(0, new Uint8Array(0)).with(4, new Uint8Array(0)) }),
    );
    expect(txIds(other)).toEqual(txIds(mine));
    expect(other[0]?.id).not.toBe(mine[0]?.id);
  });

  it("differ for an orderer's copy, which knows no codes", () => {
    const orderers = decodeBlock(ordererCopy(realBlock(37)));
    expect(transactionsOf(orderers).map((ftl) => 'code' in ftl)).toEqual([false, false]);
    expect(ofPoint(orderers, 'block.header')[0]?.ftl.txs?.map((tx) => 'code' in tx)).toEqual([false, false]);
    const peers = new Set(ids(decodeBlock(realBlock(37)).filter(({ record }) => record.ftl.point !== 'node.identity')));
    expect(ids(orderers).filter((id) => peers.has(id))).toEqual([]);
    // A configuration in it was accepted by the orderers: that is enough.
    expect(ofPoint(decodeBlock(ordererCopy(realBlock(67))), 'channel.config')).toHaveLength(1);
  });
});

const decodeWith = (change: (data: Uint8Array[]) => Uint8Array[]) =>
  transactionsOf(decodeBlock(changedBlock(realBlock(37), { data: change })));

describe('transactions that are not what they should be', () => {
  it('are records with an error when nothing of them can be decoded', () => {
    const found = decodeWith(([first]) => [first as Uint8Array, Uint8Array.of(1, 2, 3)]);
    expect(found[0]?.error).toBeUndefined();
    expect(found[1]).toMatchObject({ tx_id: 'block:37:1', tx_index: 1, code: 'MVCC_READ_CONFLICT' });
    expect(found[1]?.error).toMatch(/^common\.Envelope: /);
  });

  it('keep what can be decoded', () => {
    const envelope = common.Envelope.deserializeBinary(firstEnvelope(realBlock(37)));
    const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
    const transaction = peer.Transaction.deserializeBinary(payload.getData_asU8());
    transaction.getActionsList()[0]?.setPayload(Uint8Array.of(0x0a, 99));
    payload.setData(transaction.serializeBinary());
    envelope.setPayload(payload.serializeBinary());
    const [found] = decodeWith(([, second]) => [envelope.serializeBinary(), second as Uint8Array]);
    expect(found?.tx_id).toMatch(/^c2381290/);
    expect(found?.sender?.id).toBe('Org1MSP/User1@org1.example.com');
    expect(found?.chaincode).toBe('basic');
    expect(found?.endorsers).toEqual([]);
    expect(found?.error).toMatch(/^protos\.ChaincodeActionPayload: /);
  });

  it('get a name of their own where theirs is too long, and no time where theirs is none', () => {
    const records = decodeBlock(
      changedBlock(realBlock(37), {
        data: ([first, second]) => [
          changedHeader(first as Uint8Array, (header) => {
            header.setTxId('x'.repeat(300));
            header.getTimestamp()?.setSeconds(2 ** 50);
          }),
          second as Uint8Array,
        ],
      }),
    );
    const [first] = ofPoint(records, 'block.tx');
    expect(first?.ftl).toMatchObject({ tx_id: 'block:37:0', error: 'transaction ID of 300 characters' });
    expect(first?.ftl.client_time).toBeUndefined();
    expect(first?.['@timestamp']).toBe('2026-11-21T00:21:01.612000Z');
    expect(TraceRecord.parse(first)).toEqual(first);
  });
});

const failure = (bytes: Uint8Array, options = {}) => {
  try {
    return decodeBlock(bytes, options).length;
  } catch (error) {
    return (error as { name: string; code: string }).name === 'BlockError' && (error as { code: string }).code;
  }
};

describe('bytes that are no intact block', () => {
  it('give no record but a reason', () => {
    const block = realBlock(37);
    expect(failure(new Uint8Array(0))).toBe('not_a_block');
    expect(failure(Buffer.from('{"level":"info"}\n'))).toBe('not_a_block');
    expect(failure(block.subarray(0, block.length - 5))).toBe('undecodable');
    expect(failure(block, { maxBytes: 100 })).toBe('too_large');
    const forged = common.Block.deserializeBinary(block);
    const data = forged.getData() as common.BlockData;
    data.setDataList(data.getDataList_asU8().toReversed());
    expect(failure(forged.serializeBinary())).toBe('data_hash_mismatch');
  });

  it('may claim a channel that cannot be', () => {
    const renamed = changedBlock(realBlock(37), {
      data: (list) => list.map((one) => changedHeader(one, (header) => header.setChannelId('c'.repeat(250)))),
    });
    expect(failure(renamed)).toBe('no_channel');
  });

  it('may lack their channel, which the caller can tell', () => {
    const nameless = changedBlock(realBlock(37), { data: () => [Uint8Array.of(1)] });
    expect(failure(nameless)).toBe('no_channel');
    expect(decodeBlock(nameless, { channel: 'other' }).map(({ record }) => record.ftl.channel)).toEqual(
      expect.arrayContaining(['other']),
    );
    expect(ofPoint(decodeBlock(nameless, { channel: 'other' }), 'block.tx')[0]?.['@timestamp']).toBe(
      '1970-01-01T00:00:00.000000Z',
    );
  });
});

describe('blocks of BFT consensus', () => {
  it('have their signers looked up by number in the configuration in force', () => {
    const signer = BlockView.fromBytes(realBlock(1)).signers[0];
    const consenter = new common.Consenter();
    consenter.setId(2);
    consenter.setHost('orderer2.example.com');
    consenter.setPort(7050);
    consenter.setMspId('OrdererMSP');
    consenter.setIdentity(signer?.idBytes ?? '');
    const source = new BlockSource();
    const genesis = source.decode(
      changedBlock(realBlock(0), { data: ([data]) => [bftConfig(data as Uint8Array, consenter)] }),
    );
    expect(ofPoint(genesis, 'channel.config')[0]?.ftl.config).toMatchObject({
      consensus: 'BFT',
      consenters: [{ node: 2, address: 'orderer2.example.com:7050', name: 'orderer3.example.com', msp: 'OrdererMSP' }],
    });
    const signed = changedBlock(realBlock(37), { metadata: (list) => list.with(0, signedBy(2)) });
    const signersBy = (from: BlockSource) => ofPoint(from.decode(signed), 'block.header')[0]?.ftl.signers;
    expect(signersBy(source)).toEqual([
      expect.objectContaining({ id: 'OrdererMSP/orderer3.example.com', kind: 'orderer' }),
    ]);
    // Without the configuration the number is all there is; it is the same record nevertheless.
    expect(signersBy(new BlockSource())).toEqual([{ kind: 'orderer', consenter: 2 }]);
    expect(new BlockSource().decode(signed)[0]?.id).toBe(source.decode(signed)[0]?.id);
  });
});

function signedBy(id: number): Uint8Array {
  const identifier = new common.IdentifierHeader();
  identifier.setIdentifier(id);
  const signature = new common.MetadataSignature();
  signature.setIdentifierHeader(identifier.serializeBinary());
  const config = new common.LastConfig();
  config.setIndex(0);
  const blockMetadata = new common.OrdererBlockMetadata();
  blockMetadata.setLastConfig(config);
  const metadata = new common.Metadata();
  metadata.setValue(blockMetadata.serializeBinary());
  metadata.setSignaturesList([signature]);
  return metadata.serializeBinary();
}

/** A configuration envelope turned to BFT, with one consenter. */
function bftConfig(bytes: Uint8Array, consenter: common.Consenter): Uint8Array {
  const envelope = common.Envelope.deserializeBinary(bytes);
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const config = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8());
  const values = config.getConfig()?.getChannelGroup()?.getGroupsMap().get('Orderer')?.getValuesMap();
  const orderers = new common.Orderers();
  orderers.setConsenterMappingList([consenter]);
  const value = new common.ConfigValue();
  value.setValue(orderers.serializeBinary());
  values?.set('Orderers', value);
  const type = new orderer.ConsensusType();
  type.setType('BFT');
  values?.get('ConsensusType')?.setValue(type.serializeBinary());
  payload.setData(config.serializeBinary());
  envelope.setPayload(payload.serializeBinary());
  return envelope.serializeBinary();
}
