import { describe, expect, it } from 'vitest';
import { entries, ftlOf, ID } from '../../testing/entries.ts';

const self = { name: 'node', kind: 'peer' };

describe('gateway', () => {
  it('2.4.0 gives the ID for the first endorser too', () => {
    const about = { channel: 'c', chaincode: 'cc', txID: ID, MSPID: 'Org1MSP', endpoint: 'p:1' };
    expect(
      ftlOf(
        entries('gateway', [
          ['Sending to first endorser:', about],
          ['Sending to first endorser:', { MSPID: 'Org1MSP', endpoint: 'p:1' }],
        ]),
      ),
    ).toEqual([
      {
        point: 'endorse.caller',
        channel: 'c',
        tx_id: ID,
        chaincode: 'cc',
        sender: self,
        receiver: { kind: 'peer', address: 'p:1', msp: 'Org1MSP' },
      },
    ]);
  });

  it('reads success and failure with the field names of either release', () => {
    const lines = entries('gateway', [
      [
        'Endorse call to endorser returned success',
        {
          channel: 'c',
          txID: ID,
          numEndorsers: 2,
          endorserAddress: 'p:1',
          endorserMspid: 'Org1MSP',
          status: 200,
          message: '',
        },
      ],
      [
        'Endorse call to endorser failed',
        {
          channel: 'c',
          chaincode: 'cc',
          txID: ID,
          MSPID: 'Org2MSP',
          endpoint: 'q:1',
          error: 'rpc error: code = Unavailable',
        },
      ],
      [
        'Endorse call timed out while collecting endorsements',
        { channel: 'c', chaincode: 'cc', txID: ID, numEndorsers: 2 },
      ],
    ]);
    expect(ftlOf(lines)).toEqual([
      {
        point: 'endorse.result',
        channel: 'c',
        tx_id: ID,
        sender: self,
        receiver: { kind: 'peer', address: 'p:1', msp: 'Org1MSP' },
        status: 200,
      },
      {
        point: 'endorse.result',
        channel: 'c',
        chaincode: 'cc',
        tx_id: ID,
        sender: self,
        receiver: { kind: 'peer', address: 'q:1', msp: 'Org2MSP' },
        error: 'rpc error: code = Unavailable',
      },
      {
        point: 'gateway.endorse',
        channel: 'c',
        chaincode: 'cc',
        tx_id: ID,
        receiver: self,
        stage: 'failed',
        error: 'Endorse call timed out while collecting endorsements',
      },
    ]);
  });

  it('tells how a submission failed', () => {
    const lines = entries('gateway', [
      [
        'Unsuccessful response sending transaction to orderer',
        { txID: ID, endpoint: 'o:1', status: 'FORBIDDEN', info: 'permission denied' },
      ],
      ['Submit call timed out while broadcasting to ordering service', { txID: ID }],
      [
        'Insufficient number of orderers could successfully process transaction to satisfy quorum requirement',
        { txID: ID, successes: 1, quorum: 3 },
      ],
    ]);
    expect(ftlOf(lines)).toEqual([
      {
        point: 'gateway.submit',
        tx_id: ID,
        sender: self,
        receiver: { kind: 'orderer', address: 'o:1' },
        stage: 'failed',
        status: 403,
        error: 'permission denied',
      },
      {
        point: 'gateway.submit',
        tx_id: ID,
        sender: self,
        stage: 'failed',
        error: 'Submit call timed out while broadcasting to ordering service',
      },
      {
        point: 'gateway.submit',
        tx_id: ID,
        sender: self,
        stage: 'failed',
        error: 'Insufficient number of orderers could successfully process transaction to satisfy quorum requirement',
      },
    ]);
  });

  it('tells a query that failed', () => {
    const about = { chaincode: 'cc', channel: 'c', txID: ID, endorserAddress: 'p:1', endorserMspid: 'Org1MSP' };
    expect(
      ftlOf(
        entries('gateway', [['Evaluate call to endorser failed', { ...about, error: 'chaincode response 404, none' }]]),
      ),
    ).toEqual([
      {
        point: 'gateway.evaluate',
        channel: 'c',
        tx_id: ID,
        chaincode: 'cc',
        sender: self,
        receiver: { kind: 'peer', address: 'p:1', msp: 'Org1MSP' },
        stage: 'response',
        status: 404,
        error: 'chaincode response 404, none',
      },
    ]);
  });
});
