import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import { vendoredBlocks, VERSIONS } from '#node/protos/testBlocks.ts';
import { mspConfigOf, readMspConfig } from './mspDefinition.ts';
import { readMspFolder, readSigner } from './mspFolder.ts';
import { rolePrincipal, type PolicyRole } from '#node/policy/policyDsl.ts';
import { authority, issue, serialized } from './testAuthority.ts';
import { mspConfigs, vendoredChannel } from './testChannel.ts';
import { X509Msp } from './x509Msp.ts';

const VECTORS = resolve(import.meta.dirname, '../../test/vectors/msp');
const read = (name: string) => ({ pem: new Uint8Array(readFileSync(join(VECTORS, 'identities', name))) });
const ROLES: readonly PolicyRole[] = ['member', 'admin', 'client', 'peer', 'orderer'];

const temporary = mkdtempSync(join(tmpdir(), 'msp-'));
afterAll(() => rmSync(temporary, { recursive: true }));

const rolesIn = (owner: X509Msp, name: string) => {
  const identity = owner.deserializeIdentity(serialized(read(name), owner.mspId));
  return ROLES.filter((role) => identity.satisfies(rolePrincipal(owner.mspId, role)) === null).join(' ');
};

describe('MSP folders of a real network', () => {
  const org1 = new X509Msp(readMspFolder(join(VECTORS, 'Org1MSP'), 'Org1MSP'), '1.4.3');
  const orderers = new X509Msp(readMspFolder(join(VECTORS, 'OrdererMSP'), 'OrdererMSP'), '1.4.3');

  it('say who is what', () => {
    expect([
      rolesIn(org1, 'peer0.org1.example.com-cert.pem'),
      rolesIn(org1, 'User1@org1.example.com-cert.pem'),
      rolesIn(org1, 'Admin@org1.example.com-cert.pem'),
      rolesIn(orderers, 'orderer1.example.com-cert.pem'),
    ]).toEqual(['member peer', 'member client', 'member admin', 'member orderer']);
  });

  it('take nobody of another organisation, nor certificates for TLS', () => {
    for (const name of [
      'peer0.org2.example.com-cert.pem',
      'peer0.org1.example.com-tls.pem',
      'orderer1.example.com-cert.pem',
    ]) {
      expect(() => rolesIn(org1, name)).toThrow(expect.objectContaining({ code: 'untrusted' }));
    }
    const peer = serialized(read('peer0.org1.example.com-cert.pem'), 'Org2MSP');
    expect(() => org1.deserializeIdentity(peer)).toThrow(expect.objectContaining({ code: 'unknown_msp' }));
  });

  it('hold what the channel of the same network was given', () => {
    const folder = readMspFolder(join(VECTORS, 'Org1MSP'), 'Org1MSP');
    const inChannel = mspConfigs(vendoredChannel('v3.1.5').root).map(readMspConfig);
    expect(inChannel.find(({ mspId }) => mspId === 'Org1MSP')).toEqual(folder);
    expect(readMspConfig(mspConfigOf(folder))).toEqual(folder);
  });
});

describe('MSP folders', () => {
  const root = authority('root');
  const peer = issue(root, { units: ['peer'] });
  const folder = join(temporary, 'made');
  const put = (name: string, contents: string | Uint8Array) => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), contents);
  };

  it('hold keys of those who sign', async () => {
    put('cacerts/ca.pem', root.pem);
    put('signcerts/peer.pem', peer.pem);
    expect(() => readSigner(folder, 'OrgMSP')).toThrow(expect.objectContaining({ code: 'bad_folder' }));
    put('keystore/another_sk', issue(root).privateKey.export({ type: 'pkcs8', format: 'pem' }));
    put('keystore/notes.txt', 'no key');
    expect(() => readSigner(folder, 'OrgMSP')).toThrow(expect.objectContaining({ code: 'bad_folder' }));
    put('keystore/priv_sk', peer.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const signer = readSigner(folder, 'OrgMSP');
    const definition = { ...readMspFolder(folder, 'OrgMSP'), admins: [peer.pem] };
    const identity = new X509Msp(definition, '3.0').deserializeIdentity(signer.identity);
    expect(await identity.verify(Buffer.from('m'), await signer.sign(Buffer.from('m')))).toBe(true);
  });

  it('may name units and their authorities', () => {
    put(
      'config.yaml',
      [
        'OrganizationalUnitIdentifiers:',
        '  - { Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: sales }',
        'NodeOUs:',
        '  Enable: true',
        '  ClientOUIdentifier: { OrganizationalUnitIdentifier: client, Certificate: cacerts/missing.pem }',
        '  PeerOUIdentifier: { OrganizationalUnitIdentifier: PEER, Certificate: cacerts/ca.pem }',
        '  AdminOUIdentifier: { Certificate: cacerts/ca.pem }',
        'SomethingElse: 1',
      ].join('\n'),
    );
    const none = new Uint8Array(0);
    const pem = new Uint8Array(root.pem);
    expect(readMspFolder(folder, 'OrgMSP')).toMatchObject({
      units: [{ name: 'sales', certificate: pem }],
      nodeUnits: {
        enable: true,
        client: { name: 'client', certificate: none },
        peer: { name: 'PEER', certificate: pem },
        admin: null,
        orderer: null,
      },
    });
  });

  it('are refused without authorities, and with a configuration that is none', () => {
    expect(() => readMspFolder(join(temporary, 'nowhere'), 'X')).toThrow(
      expect.objectContaining({ code: 'bad_folder' }),
    );
    for (const text of ['NodeOUs: 5', '[', 'OrganizationalUnitIdentifiers: [{ Certificate: nowhere.pem }]']) {
      const bad = join(temporary, 'bad');
      cpSync(join(folder, 'cacerts'), join(bad, 'cacerts'), { recursive: true });
      writeFileSync(join(bad, 'config.yaml'), text);
      expect(() => readMspFolder(bad, 'X')).toThrow(expect.objectContaining({ code: 'bad_folder' }));
    }
  });
});

describe('channels of real networks', () => {
  it.each(VERSIONS)('%s: an identity is one object however often it comes, and known by its PKI-ID', (version) => {
    const { msps } = vendoredChannel(version);
    const block = BlockView.fromBytes(vendoredBlocks(version).blocks.at(5)?.bytes as Uint8Array);
    for (const envelope of block.envelopes) {
      const bytes = envelope.signatureHeader.creator;
      const identity = msps.deserializeIdentity(bytes);
      expect(msps.deserializeIdentity(Uint8Array.from(bytes))).toBe(identity);
      expect(identity.pkiId).toBe(IdentityView.fromBytes(bytes).pkiId);
      expect(identity.id).toBe(identity.certificate.fingerprint);
      expect(identity.label).toBe(`${identity.mspId}/${identity.commonName}`);
    }
    expect(msps.msp('NobodyMSP')).toBeNull();
    expect(msps.msp('Org1MSP')?.version).toBe(version === 'v3.1.5' ? '3.0' : '1.4.3');
  });
});
