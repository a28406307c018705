import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BedOptions, ChaincodeBed, CONTRACT } from '../../chaincode/chaincodeBed.ts';
import { ChaincodeService } from '../../chaincode/chaincodeService.ts';
import { freePort } from '../../chaincode/freePort.ts';
import { signedProposal } from '../../harness/signedProposal.ts';
import { CHANNEL, org1 } from '../../chaincode/chaincodeBed.ts';

const SHORT = { user: null, executeTimeoutMs: 2000 };
const source = { label: 'every_1', type: 'node', path: CONTRACT };

let bed: ChaincodeBed;

async function start(options: BedOptions = {}): Promise<void> {
  bed = await ChaincodeBed.start({ runtime: { user: null }, ...options });
  await bed.install(source);
}

const pid = async (): Promise<number> => {
  const { payload } = await bed.invoke('environment', []);
  return (JSON.parse(payload) as { pid: number }).pid;
};

const byText = (one: string, other: string): number => (one < other ? -1 : 1);

const isAlive = (process_: number): boolean => {
  try {
    return process.kill(process_, 0);
  } catch {
    return false;
  }
};

/** An orphan that nobody asks after stays in the table of processes, as a zombie. */
const isZombie = (process_: number): Promise<boolean> =>
  readFile(`/proc/${process_}/stat`, 'utf8').then(
    (text) => /\) Z /.test(text),
    () => false,
  );

async function gone(process_: number): Promise<void> {
  while (isAlive(process_) && !(await isZombie(process_))) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

describe('a chaincode that the peer started', () => {
  beforeEach(() => start({ runtime: SHORT }));
  afterEach(() => bed[Symbol.asyncDispose]());

  test('dies in the middle: its transactions fail at once, the next one starts it again', async () => {
    await bed.submit('put', ['key', 'value']);
    const before = await pid();
    const [crashed, other] = await Promise.all([bed.invoke('crash', []), bed.invoke('never', [])]);
    for (const { status, message } of [crashed, other]) {
      expect(status).toBe(500);
      expect(message).toMatch(/failed to execute transaction [0-9a-f]{64}: error sending: chaincode stream terminated/);
    }
    expect(await bed.invoke('get', ['key'])).toMatchObject({ message: '', payload: 'value' });
    expect(await pid()).not.toBe(before);
    await gone(before);
  });

  test('hangs: its process is ended, the next transaction gets a new one', async () => {
    const before = await pid();
    const { status, message } = await bed.invoke('hang', []);
    expect(status).toBe(500);
    expect(message).toContain('error sending: timeout expired while executing transaction');
    await gone(before);
    expect(await pid()).not.toBe(before);
  });

  test('does not answer one transaction: others go on, and so does the process', async () => {
    const before = await pid();
    const slow = bed.invoke('never', []);
    await bed.submit('put', ['key', 'value']);
    expect((await slow).message).toContain('timeout expired while executing transaction');
    expect(await pid()).toBe(before);
  });

  test('runs the same transaction once at a time', async () => {
    await pid();
    const { bytes } = signedProposal({ channelId: CHANNEL, creator: org1.client, chaincode: 'every', args: ['never'] });
    const answers = await Promise.all([bed.peer.propose(bytes), bed.peer.propose(bytes)]);
    const messages = answers.map((one) => one.getResponse()?.getMessage()).join('\n');
    expect(messages).toContain('timeout expired');
    expect(messages).toMatch(/txid: [0-9a-f]{64}\(trade\) exists/);
  });

  test('is given up by the client: nothing is left waiting', async () => {
    await pid();
    const abort = new AbortController();
    const { bytes } = signedProposal({ channelId: CHANNEL, creator: org1.client, chaincode: 'every', args: ['never'] });
    const proposed = bed.peer.propose(bytes, { signal: abort.signal });
    abort.abort();
    expect((await proposed).getResponse()?.getMessage()).toContain('the caller gave the transaction up');
  });

  test('comes up once for all who wait, sees little of the environment, and ends with the peer', async () => {
    const found = await Promise.all(Array.from({ length: 10 }, pid));
    expect(new Set(found).size).toBe(1);
    const { payload } = await bed.invoke('environment', []);
    const { environment } = JSON.parse(payload) as { environment: string[] };
    expect(
      environment
        .toSorted()
        .filter((name) => !['LD_LIBRARY_PATH', 'LIBPATH', 'TMPDIR', 'PWD', 'OLDPWD'].includes(name)),
    ).toEqual([
      'CORE_CHAINCODE_ID_NAME',
      'CORE_PEER_LOCALMSPID',
      'CORE_PEER_TLS_ENABLED',
      'CORE_PEER_TLS_ROOTCERT_FILE',
      'CORE_TLS_CLIENT_CERT_FILE',
      'CORE_TLS_CLIENT_CERT_PATH',
      'CORE_TLS_CLIENT_KEY_FILE',
      'CORE_TLS_CLIENT_KEY_PATH',
      'GRPC_SSL_CIPHER_SUITES',
      'HOME',
      'PATH',
    ]);
    await bed.runtime.stop();
    expect(isAlive(found[0] as number)).toBe(false);
    const [build = ''] = await readdir(`${bed.folder}/builds`);
    expect((await readdir(`${bed.folder}/builds/${build}`)).toSorted(byText)).toEqual(['build-info.json', 'code']);
    expect((await bed.invoke('get', ['a'])).message).toContain('the peer is shutting down');
  });
});

describe('a chaincode that does not come up', () => {
  afterEach(() => bed[Symbol.asyncDispose]());

  test('tells with which words it ended', async () => {
    await start();
    await bed.install({ label: 'broken', type: 'node', path: `${CONTRACT}/../broken` });
    const { message } = await bed.invoke('get', ['a']);
    expect(message).toMatch(
      /could not launch chaincode broken:[0-9a-f]{64}: chaincode registration failed: container exited with 1:/,
    );
    expect(message).toContain('this contract cannot be loaded');
  });

  test('is waited for no longer than it may take', async () => {
    await start({ runtime: { user: null, startupTimeoutMs: 1500 } });
    const packageId = await bed.install({ label: 'silent', type: 'node', path: `${CONTRACT}/../silent` });
    expect((await bed.invoke('get', ['a'])).message).toContain(
      `could not launch chaincode ${packageId}: timeout expired while starting chaincode ${packageId} for transaction`,
    );
  });

  test('is not there at all', async () => {
    await start();
    bed.runBy('every', `none:${'0'.repeat(64)}`);
    expect((await bed.invoke('get', ['a'])).message).toContain(
      `error building chaincode: chaincode install package 'none:${'0'.repeat(64)}' not found`,
    );
  });

  test('is of a kind that nothing here builds', async () => {
    await start();
    const packageId = await bed.install({ label: 'java', type: 'java', path: CONTRACT });
    await expect(bed.runtime.builder.build(packageId)).rejects.toMatchObject({
      code: 'build_failed',
      message: expect.stringContaining("chaincode of type 'java' is not built here"),
    });
  });

  test('needs what npm cannot find', async () => {
    await start({ runtime: { user: null, environment: { ...process.env, npm_config_offline: 'true' } } });
    const packageId = await bed.install({ label: 'needy', type: 'node', path: `${CONTRACT}/../needy` });
    await expect(bed.runtime.builder.build(packageId)).rejects.toMatchObject({
      code: 'build_failed',
      message: expect.stringMatching(/^npm install .* ended with 1:\n[^]*ENOTCACHED/),
    });
    expect(await readdir(`${bed.folder}/builds`)).toEqual([]);
  });
});

describe('a chaincode that runs as a service', () => {
  let services: ChaincodeService[] = [];
  beforeEach(async () => {
    services = [];
    await start({ runtime: SHORT });
  });
  afterEach(async () => {
    await bed[Symbol.asyncDispose]();
    await Promise.all(services.map((one) => one.stop()));
  });

  test('comes, goes and comes again', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const connection = { address, dial_timeout: '300ms' };
    const packageId = await bed.install({ label: 'every_1', type: 'ccaas', connection });
    expect((await bed.invoke('get', ['a'])).message).toContain(
      `could not launch chaincode ${packageId}: connection to ${packageId} failed: error cannot create connection for ${packageId}: error creating grpc connection to ${address}`,
    );
    const first = await ChaincodeService.start(CONTRACT, address, packageId);
    services.push(first);
    await bed.submit('put', ['a', 'b']);
    const running = bed.invoke('never', []);
    await first.stop();
    expect((await running).message).toContain('error sending: chaincode stream terminated');
    services.push(await ChaincodeService.start(CONTRACT, address, packageId));
    expect((await bed.invoke('get', ['a'])).payload).toBe('b');
  });

  test('hangs: its stream is dropped, other chaincode goes on', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const packageId = await bed.install({
      label: 'every_1',
      type: 'ccaas',
      connection: { address, dial_timeout: '300ms' },
    });
    services.push(await ChaincodeService.start(CONTRACT, address, packageId));
    await bed.install(source, 'second');
    await bed.invoke('get', ['a'], { chaincode: 'second' });
    const hung = bed.invoke('hang', []);
    expect((await bed.invoke('get', ['a'], { chaincode: 'second' })).status).toBe(200);
    expect((await hung).message).toContain('timeout expired');
    expect((await bed.invoke('get', ['a'])).message).toContain('could not launch chaincode');
  });

  test('is another one than it should be', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const packageId = await bed.install({ label: 'every_1', type: 'ccaas', connection: { address } });
    services.push(await ChaincodeService.start(CONTRACT, address, 'somebody:else'));
    expect((await bed.invoke('get', ['a'])).message).toContain(
      `connection to ${packageId} terminated: it registered as somebody:else, but is ${packageId}`,
    );
  });
});

describe('an initialisation', () => {
  beforeEach(() => start({ initRequired: true }));
  afterEach(() => bed[Symbol.asyncDispose]());

  test('is a message of its own, without private data', async () => {
    expect((await bed.invoke('get', ['a'])).message).toContain('has not been initialized');
    expect((await bed.invoke('initPrivate', [], { isInit: true })).message).toContain(
      'private data APIs are not allowed in chaincode Init()',
    );
    const { proposal } = await bed.submit('init', [], { isInit: true });
    expect((await bed.invoke('get', ['initialised'])).payload).toBe(proposal.txId);
  });
});

test('chaincode that hangs ends with a peer that is killed', async () => {
  const script = fileURLToPath(new URL('../../chaincode/killedPeer.ts', import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), 'ftl-killed-peer-'));
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    told += String(chunk);
  }
  const chaincode = Number(told);
  expect(chaincode).toBeGreaterThan(1);
  await gone(chaincode);
  await rm(folder, { recursive: true, force: true });
});
