import { describe, expect, it } from 'vitest';
import { common, orderer } from '@hyperledger/fabric-protos';
import { BlockView } from './blockView.ts';
import { ConfigView, goDurationUs } from './configView.ts';
import { identityCacheSize, IdentityView } from './serializedIdentity.ts';
import { vendoredBlocks } from './testBlocks.ts';
import { timestampIso } from './timestamp.ts';

const configOf = (version: 'v3.1.5' | 'v2.5.9', number: number) => {
  const recorded = vendoredBlocks(version).blocks.find((block) => block.number === number);
  const [envelope] = BlockView.fromBytes(recorded?.bytes as Uint8Array).envelopes;
  return envelope?.config as ConfigView;
};

describe('a real channel configuration (v3.1.5, etcdraft)', () => {
  const genesis = configOf('v3.1.5', 0);

  it('names organisations, their certificates, anchor peers and endpoints', () => {
    expect(
      genesis.organizations.map(({ mspId, role, anchorPeers, ordererEndpoints }) => ({
        mspId,
        role,
        anchorPeers,
        ordererEndpoints,
      })),
    ).toEqual([
      { mspId: 'Org1MSP', role: 'application', anchorPeers: [{ host: 'localhost', port: 7051 }], ordererEndpoints: [] },
      { mspId: 'Org2MSP', role: 'application', anchorPeers: [{ host: 'localhost', port: 9051 }], ordererEndpoints: [] },
      {
        mspId: 'OrdererMSP',
        role: 'orderer',
        anchorPeers: [],
        ordererEndpoints: ['localhost:7050', 'localhost:7150', 'localhost:7250'],
      },
    ]);
    expect(
      genesis.organizations.map((org) => [org.rootCertificates[0]?.commonName, org.tlsCertificates[0]?.commonName]),
    ).toEqual([
      ['ca.org1.example.com', 'tlsca.org1.example.com'],
      ['ca.org2.example.com', 'tlsca.org2.example.com'],
      ['ca.example.com', 'tlsca.example.com'],
    ]);
  });

  it('finds the organisation of a consenter by who signed its TLS certificate', () => {
    expect(genesis.consensusType).toBe('etcdraft');
    expect(genesis.maintenance).toBe(false);
    expect(
      genesis.consenters.map(({ host, port, mspId, serverTls }) => [host, port, mspId, serverTls?.commonName]),
    ).toEqual([
      ['localhost', 7050, 'OrdererMSP', 'orderer1.example.com'],
      ['localhost', 7150, 'OrdererMSP', 'orderer2.example.com'],
      ['localhost', 7250, 'OrdererMSP', 'orderer3.example.com'],
    ]);
  });

  it('reads batches, capabilities and policies as configtx.yaml had them', () => {
    expect(genesis.batch).toEqual({
      maxMessageCount: 10,
      absoluteMaxBytes: 10 * 1024 * 1024,
      preferredMaxBytes: 2 * 1024 * 1024,
      timeout: '500ms',
      timeoutUs: 500_000,
    });
    expect(genesis.capabilities).toEqual({ channel: ['V3_0'], orderer: ['V2_0'], application: ['V2_5'] });
    expect(genesis.policy('/Channel/Application/Endorsement')).toEqual({
      type: 'implicit',
      expression: 'MAJORITY Endorsement',
      rule: null,
      implicit: 'MAJORITY',
      subPolicy: 'Endorsement',
    });
    expect(genesis.policy('/Channel/Orderer/BlockValidation')?.expression).toBe('ANY Writers');
    expect(genesis.policy('/Channel/Admins')?.expression).toBe('MAJORITY Admins');
    expect(genesis.policy('/Channel/Application/Org1MSP/Readers')?.expression).toBe(
      "OR('Org1MSP.admin','Org1MSP.peer','Org1MSP.client')",
    );
    expect(
      ['/Channel/Application/None', '/Channel/None/Endorsement', 'Endorsement', '/Other/A', ''].map((path) =>
        genesis.policy(path),
      ),
    ).toEqual([null, null, null, null, null]);
  });

  it('follows an update: who asked for it, and what it added', () => {
    const updated = configOf('v3.1.5', 67);
    expect([genesis.sequence, updated.sequence]).toEqual([0, 1]);
    expect(updated.organizations.map(({ mspId }) => mspId)).toEqual(['Org1MSP', 'Org2MSP', 'Org3MSP', 'OrdererMSP']);
    expect(genesis.lastUpdate).toBeNull();
    const block = vendoredBlocks('v3.1.5').blocks.find(({ number }) => number === 67);
    const [envelope] = BlockView.fromBytes(block?.bytes as Uint8Array).envelopes;
    expect(envelope?.creator?.commonName).toBe('orderer1.example.com');
    expect(envelope?.configUpdate?.channelHeader.typeName).toBe('CONFIG_UPDATE');
    expect(envelope?.configUpdate?.creator?.commonName).toBe('Admin@org2.example.com');
  });

  it('reads the configuration of v2.5.9 as well', () => {
    const config = configOf('v2.5.9', 0);
    expect(config.batch.timeoutUs).toBe(2_000_000);
    expect(config.capabilities.channel).toEqual(['V2_0']);
    expect(config.consenters.map(({ mspId, port }) => [mspId, port])).toEqual([['OrdererMSP', 7050]]);
  });
});

function value(message: { serializeBinary(): Uint8Array }): common.ConfigValue {
  const wrapped = new common.ConfigValue();
  wrapped.setValue(message.serializeBinary());
  return wrapped;
}

/** A serialised identity with six digits for an MSP ID. */
const bytes = (n: number) =>
  Uint8Array.from(Buffer.concat([Uint8Array.of(0x0a, 6), Buffer.from(String(n).padStart(6, '0'))]));

describe('a BFT configuration', () => {
  it('lists its consenters with number and identity', () => {
    const signer = BlockView.fromBytes(vendoredBlocks('v3.1.5').blocks[1]?.bytes as Uint8Array)
      .signers[0] as IdentityView;
    const consenter = new common.Consenter();
    consenter.setId(4);
    consenter.setHost('orderer4.example.com');
    consenter.setPort(7050);
    consenter.setMspId(signer.mspId);
    consenter.setIdentity(signer.idBytes);
    const orderers = new common.Orderers();
    orderers.setConsenterMappingList([consenter]);
    const type = new orderer.ConsensusType();
    type.setType('BFT');
    type.setState(orderer.ConsensusType.State.STATE_MAINTENANCE);
    const section = new common.ConfigGroup();
    section.getValuesMap().set('Orderers', value(orderers));
    section.getValuesMap().set('ConsensusType', value(type));
    const group = new common.ConfigGroup();
    group.getGroupsMap().set('Orderer', section);
    const inner = new common.Config();
    inner.setSequence(7);
    inner.setChannelGroup(group);
    const envelope = new common.ConfigEnvelope();
    envelope.setConfig(inner);

    const config = ConfigView.fromBytes(envelope.serializeBinary());
    expect([config.sequence, config.consensusType, config.maintenance]).toEqual([7, 'BFT', true]);
    const [found] = config.consenters;
    expect([found?.id, found?.host, found?.mspId, found?.serverTls]).toEqual([
      4,
      'orderer4.example.com',
      'OrdererMSP',
      null,
    ]);
    expect(found?.identity?.fingerprint).toBe(signer.fingerprint);
    expect(config.batch).toEqual({
      maxMessageCount: null,
      absoluteMaxBytes: null,
      preferredMaxBytes: null,
      timeout: null,
      timeoutUs: null,
    });
    expect(config.organizations).toEqual([]);
  });
});

describe('small things', () => {
  it('reads durations as Go writes them', () => {
    expect(['500ms', '2s', '1m30s', '1.5s', '10us', '1h0m0s', '0', '0s'].map(goDurationUs)).toEqual([
      500_000, 2_000_000, 90_000_000, 1_500_000, 10, 3_600_000_000, 0, 0,
    ]);
    expect(['', 's', '-1s', '5', '1 s', '9'.repeat(40)].map(goDurationUs)).toEqual(Array(6).fill(null));
  });

  it('writes times with all nine digits, or none that protobuf forbids', () => {
    expect(timestampIso({ seconds: 1_795_220_440, nanos: 832_837_596 })).toBe('2026-11-21T00:20:40.832837596Z');
    expect(timestampIso({ seconds: 1_795_220_440, nanos: 832_837_596 }, 6)).toBe('2026-11-21T00:20:40.832837Z');
    expect(timestampIso({ seconds: -1, nanos: 5 })).toBe('1969-12-31T23:59:59.000000005Z');
    expect(timestampIso({ seconds: 253_402_300_800, nanos: 0 })).toBeNull();
    expect(timestampIso({ seconds: 0, nanos: -1 })).toBeNull();
    expect(timestampIso({ seconds: Number.NaN, nanos: 0 })).toBeNull();
  });

  it('keeps a bounded number of identities', () => {
    const first = IdentityView.fromBytes(bytes(0));
    expect(IdentityView.fromBytes(bytes(0))).toBe(first);
    for (let n = 1; n < 5000; n++) {
      IdentityView.fromBytes(bytes(n));
    }
    expect(identityCacheSize()).toBe(2000);
    expect(IdentityView.fromBytes(bytes(0))).not.toBe(first);
    expect(IdentityView.fromBytes(bytes(0)).mspId).toBe('000000');
  });
});
