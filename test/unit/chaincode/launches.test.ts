import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { checkReachable } from '#node/chaincode/launch/buildFolder.ts';
import { ChaincodeCertificates, type KeyPair } from '#node/chaincode/launch/chaincodeCertificates.ts';
import { peer } from '@hyperledger/fabric-protos';
import { connect } from '#node/grpc/grpcClient.ts';
import { type BedOptions, ChaincodeBed, CONTRACT } from '../../chaincode/chaincodeBed.ts';
import { ChaincodeService } from '../../chaincode/chaincodeService.ts';
import { freePort } from '../../chaincode/freePort.ts';

const BUILDER = fileURLToPath(new URL('../../chaincode/builder', import.meta.url));
const MODULES = dirname(dirname(createRequire(import.meta.url).resolve('fabric-shim/package.json')));

let bed: ChaincodeBed;
let service: ChaincodeService | null = null;

async function start(runtime: BedOptions['runtime'] = {}): Promise<ChaincodeBed> {
  bed = await ChaincodeBed.start({ runtime: { user: null, ...runtime } });
  return bed;
}

afterEach(async () => {
  await bed[Symbol.asyncDispose]();
  await service?.stop();
  service = null;
});

describe('a service behind TLS', () => {
  const certificates = new ChaincodeCertificates();

  async function serve(server: KeyPair, connection: object): Promise<string> {
    const port = await freePort();
    const address = `localhost:${port}`;
    const packageId = await bed.install({
      label: 'every_1',
      type: 'ccaas',
      connection: { address, dial_timeout: '2s', tls_required: true, ...connection },
    });
    const file = async (name: string, text: string): Promise<string> => {
      await writeFile(join(bed.folder, name), text);
      return join(bed.folder, name);
    };
    service = await ChaincodeService.start(CONTRACT, `127.0.0.1:${port}`, packageId, [
      '--chaincode-tls-key-file',
      await file('key', server.key),
      '--chaincode-tls-cert-file',
      await file('cert', server.certificate),
      '--chaincode-tls-client-cacert-file',
      await file('ca', certificates.root),
    ]);
    return packageId;
  }

  test('is reached with a client certificate', async () => {
    await start();
    const { certificate, key } = certificates.client('peer').pair;
    await serve(certificates.server(['localhost']), {
      client_auth_required: true,
      client_cert: certificate,
      client_key: key,
      root_cert: certificates.root,
    });
    expect(await bed.invoke('get', ['a'])).toMatchObject({ status: 200, message: '' });
  });

  test('that proves itself with a certificate of another authority is refused', async () => {
    await start();
    const packageId = await serve(certificates.server(['localhost']), { root_cert: new ChaincodeCertificates().root });
    expect((await bed.invoke('get', ['a'])).message).toContain(`connection to ${packageId} failed`);
  });

  test('that has another name is reached under its own', async () => {
    await start();
    const { certificate, key } = certificates.client('peer').pair;
    await serve(certificates.server(['chaincode.example.com']), {
      client_auth_required: true,
      client_cert: certificate,
      client_key: key,
      root_cert: certificates.root,
      domain: 'chaincode.example.com',
    });
    expect(await bed.invoke('get', ['a'])).toMatchObject({ status: 200, message: '' });
  });
});

/** What becomes of a chaincode that comes with this certificate. */
async function registers(clientCertificate: KeyPair | null, id: string): Promise<string> {
  const tls = bed.runtime.listenerTls([]);
  const client = connect({
    address: bed.address.replace('127.0.0.1', 'localhost'),
    tlsRoots: String(tls?.clientRoots?.[0]),
    ...(clientCertificate === null ? {} : { clientCertificate }),
  });
  try {
    const stream = client.stream('/protos.ChaincodeSupport/Register', { timeoutMs: 5000 });
    const name = new peer.ChaincodeID();
    name.setName(id);
    const message = new peer.ChaincodeMessage();
    message.setType(peer.ChaincodeMessage.Type.REGISTER);
    message.setPayload(name.serializeBinary());
    await stream.send(message.serializeBinary());
    for await (const _ of stream) {
      return 'registered';
    }
    return 'ended';
  } catch (error) {
    return String(error);
  } finally {
    client.close();
  }
}

describe('the listener', () => {
  test('lets in nobody without a certificate of a launch', async () => {
    await start();
    await bed.install({ label: 'every_1', type: 'node', path: CONTRACT });
    expect(await registers(null, 'every')).toMatch(/UNAVAILABLE|No connection|alert|certificate/i);
    const other = new ChaincodeCertificates().client('every').pair;
    expect(await registers(other, 'every')).not.toBe('registered');
  });
});

describe('a program', () => {
  test('runs as nobody where the peer is root', async () => {
    await start(process.getuid?.() === 0 ? { user: { uid: 65_534, gid: 65_534 } } : {});
    await bed.install({ label: 'every_1', type: 'node', path: CONTRACT });
    const { message, payload } = await bed.invoke('environment', []);
    const uid = process.getuid?.() === 0 ? 65_534 : process.getuid?.();
    // A checkout that others cannot look into is told of instead.
    const kept = await checkReachable(MODULES, { uid: uid as number, gid: 65_534 }).then(
      () => false,
      () => process.getuid?.() === 0,
    );
    const told = message.includes('chaincode runs as user 65534, whom')
      ? 'kept out'
      : (JSON.parse(payload) as { uid: number }).uid;
    expect(told).toEqual(kept ? 'kept out' : uid);
  });

  test('is built once, and again where what it was linked to is gone', async () => {
    await start();
    const packageId = await bed.install({ label: 'every_1', type: 'node', path: CONTRACT });
    await Promise.all([bed.runtime.builder.build(packageId), bed.runtime.builder.build(packageId)]);
    const builds = await readdir(join(bed.folder, 'builds'));
    expect(builds).toEqual([packageId.replace(':', '-')]);
    const project = join(bed.folder, 'builds', builds[0] as string, 'code', 'src');
    expect(await readdir(project)).toEqual(['index.js', 'node_modules', 'package.json']);
    await rm(join(project, 'node_modules'), { recursive: true });
    expect(await bed.invoke('get', ['a'])).toMatchObject({ status: 200, message: '' });
  });

  test('in Go needs a toolchain', async () => {
    await start({ environment: { PATH: '/nowhere' } });
    const path = join(bed.folder, 'go');
    await mkdir(path);
    await writeFile(join(path, 'go.mod'), 'module example.com/cc\n');
    const packageId = await bed.install({ label: 'go', type: 'golang', path });
    await expect(bed.runtime.builder.build(packageId)).rejects.toMatchObject({
      code: 'build_failed',
      message: expect.stringContaining('no Go toolchain'),
    });
  });
});

describe('external builders', () => {
  const builders = {
    environment: { ...process.env, TEST_NODE: process.execPath, TEST_MODULES: MODULES, SECRET: 'x' },
    externalBuilders: [
      { name: 'absent', path: '/nowhere' },
      { name: 'test', path: BUILDER, propagateEnvironment: ['TEST_NODE', 'TEST_MODULES'] },
    ],
  };

  test('build and run what they take; the build outlives the peer', async () => {
    await start(builders);
    const packageId = await bed.install({ label: 'ext', type: 'test-node', path: CONTRACT });
    const { payload } = await bed.invoke('environment', []);
    expect((JSON.parse(payload) as { environment: string[] }).environment).not.toContain('SECRET');
    await bed.runtime.stop();
    const build = join(bed.folder, 'builds', packageId.replace(':', '-'));
    expect((await readdir(build)).toSorted((one, other) => (one < other ? -1 : 1))).toEqual([
      'bld',
      'build-info.json',
      'release',
    ]);
  });

  test('may release a service', async () => {
    await start(builders);
    const address = `127.0.0.1:${await freePort()}`;
    const path = join(bed.folder, 'service');
    await mkdir(path);
    await writeFile(join(path, 'connection.json'), JSON.stringify({ address }));
    const packageId = await bed.install({ label: 'ext', type: 'test-service', path });
    service = await ChaincodeService.start(CONTRACT, address, packageId);
    expect(await bed.invoke('get', ['a'])).toMatchObject({ status: 200, message: '' });
  });

  test('that fail tell why', async () => {
    await start(builders);
    const path = join(bed.folder, 'failing');
    await mkdir(path);
    await writeFile(join(path, 'fail'), '');
    await bed.install({ label: 'ext', type: 'test-failing', path });
    expect((await bed.invoke('get', ['a'])).message).toContain(
      "error building chaincode: external builder 'test' failed: build ended with 7:\nthis package is not to be built",
    );
  });

  test('pass over what is not theirs', async () => {
    await start(builders);
    await bed.install({ label: 'every_1', type: 'node', path: CONTRACT });
    expect(await bed.invoke('get', ['a'])).toMatchObject({ status: 200, message: '' });
  });
});
