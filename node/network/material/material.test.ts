import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Certificate } from '#node/crypto/certificate.ts';
import { readMspFolder, readSigner } from '#node/msp/mspFolder.ts';
import { whyNotSatisfied } from '#node/msp/principal.ts';
import { X509Msp } from '#node/msp/x509Msp.ts';
import { rolePrincipal } from '#node/policy/policyDsl.ts';
import { createMaterial } from './createMaterial.ts';
import { organizationPaths } from './materialPaths.ts';

const DOMAIN = 'org1.example.com';
const PEER = `peer0.${DOMAIN}`;
const folder = mkdtempSync(join(tmpdir(), 'ftl-material-'));
const root = join(folder, 'crypto-config');
const paths = organizationPaths(root, 'peer', DOMAIN);
const ordererPaths = organizationPaths(root, 'orderer', 'example.com');

beforeAll(async () => {
  await createMaterial(root, [
    { kind: 'peer', domain: DOMAIN, nodes: [{ hostname: 'peer0' }, { hostname: 'peer1', names: ['10.0.0.7'] }] },
    { kind: 'orderer', domain: 'example.com', nodes: [{ hostname: 'orderer' }], users: 0 },
  ]);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .toSorted();
}

const msp = (): X509Msp => new X509Msp(readMspFolder(paths.msp, 'Org1MSP'), '1.4.3');

describe('material of organisations', () => {
  it("lies in the folders of Fabric's cryptogen", () => {
    expect(filesOf(join(paths.folder, 'peers', PEER))).toEqual([
      `msp/cacerts/ca.${DOMAIN}-cert.pem`,
      'msp/config.yaml',
      'msp/keystore/priv_sk',
      `msp/signcerts/${PEER}-cert.pem`,
      `msp/tlscacerts/tlsca.${DOMAIN}-cert.pem`,
      'tls/ca.crt',
      'tls/server.crt',
      'tls/server.key',
    ]);
    expect(readdirSync(paths.folder).toSorted()).toEqual(['ca', 'msp', 'peers', 'tlsca', 'users']);
    expect(readdirSync(join(paths.folder, 'users')).toSorted()).toEqual([`Admin@${DOMAIN}`, `User1@${DOMAIN}`]);
    expect(filesOf(paths.ca)).toEqual([`ca.${DOMAIN}-cert.pem`, 'priv_sk']);
    expect(filesOf(paths.tlsCa)).toEqual(['priv_sk', `tlsca.${DOMAIN}-cert.pem`]);
    expect(filesOf(join(ordererPaths.folder, 'users', 'Admin@example.com', 'tls'))).toEqual([
      'ca.crt',
      'client.crt',
      'client.key',
    ]);
  });

  it('keeps keys for their owner', () => {
    const keys = filesOf(root).filter((file) => /priv_sk$|[.]key$/.test(file));
    expect(keys).toHaveLength(16);
    for (const key of keys) {
      expect(statSync(join(root, key)).mode & 0o777).toBe(0o600);
    }
  });

  it.each([
    [paths.node(PEER).msp, 'peer'],
    [paths.user('Admin').msp, 'admin'],
    [paths.user('User1').msp, 'client'],
  ] as const)('gives each member its role: %s', (path, role) => {
    const owner = msp();
    const identity = owner.deserializeIdentity(readSigner(path, 'Org1MSP').identity);
    identity.validate();
    for (const one of ['peer', 'admin', 'client', 'orderer'] as const) {
      expect(whyNotSatisfied(identity, rolePrincipal('Org1MSP', one)) === null).toBe(one === role);
    }
  });

  it('takes members of other organisations for strangers', () => {
    const stranger = readSigner(ordererPaths.node('orderer.example.com').msp, 'Org1MSP');
    expect(() => msp().deserializeIdentity(stranger.identity).validate()).toThrow(/signed|authority|chain|unknown/i);
  });

  it('gives every certificate a serial number of its own', () => {
    const serials = filesOf(root)
      .filter((file) => file.endsWith('-cert.pem') && /signcerts|[/]ca[/]|tlsca[/]/.test(file))
      .map((file) => Certificate.fromPem(readFileSync(join(root, file))).serialNumber.toString());
    expect(serials.length).toBeGreaterThan(6);
    expect(new Set(serials).size).toBe(serials.length);
  });

  it.each([PEER, 'localhost', '127.0.0.1'])('serves TLS under the name %s, with client certificates', async (name) => {
    const { tls } = paths.node(PEER);
    const { tls: user } = paths.user('User1');
    const ca = readFileSync(paths.tlsCaCertificate);
    const server = createServer({
      cert: readFileSync(tls.certificate),
      key: readFileSync(tls.key),
      ca,
      requestCert: true,
      rejectUnauthorized: true,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'secureConnection');
    const socket = connect({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      ...(name === '127.0.0.1' ? {} : { servername: name }),
      ca,
      cert: readFileSync(user.certificate),
      key: readFileSync(user.key),
    });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    const [other] = (await accepted) as [TLSSocket];
    expect(other.getPeerCertificate().subject.CN).toBe(`User1@${DOMAIN}`);
    socket.destroy();
    other.destroy();
    server.close();
  });

  it('leaves a folder that is there alone, and nothing half-made', async () => {
    await expect(createMaterial(root, [])).rejects.toMatchObject({ code: 'exists' });
    expect(filesOf(root).length).toBeGreaterThan(20);
    const other = join(folder, 'other');
    const broken = [{ kind: 'peer', domain: '\0', nodes: [] }] as const;
    await expect(createMaterial(other, broken)).rejects.toThrow(/null bytes/);
    expect(readdirSync(folder)).toEqual(['crypto-config']);
  });
});
