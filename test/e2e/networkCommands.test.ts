import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { runFtl } from '../harness/ftlProcess.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-network-cli-'));
const dir = join(folder, 'bank');
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('ftl network', () => {
  it.each([[], ['create'], ['up'], ['down'], ['status'], ['logs'], ['load']])(
    'explains itself: %s',
    async (...command) => {
      const { status, stdout } = await runFtl(['network', ...command, '--help']);
      expect(status).toBe(0);
      expect(stdout).toMatch(/Usage: ftl network/);
      expect(stdout).toMatch(/Example|Begin with/);
    },
  );

  it('create makes a network in a folder, once', async () => {
    const layout = join(folder, 'bank.yaml');
    writeFileSync(
      layout,
      `organizations:
  - { name: Ordering, domain: order.net, orderers: [{ port: 0, adminPort: 0, operationsPort: 0 }] }
  - { name: Bank, domain: bank.net, peers: [{ port: 0, chaincodePort: 0, operationsPort: 0 }] }
`,
    );
    const made = await runFtl(['network', 'create', '--dir', dir, '--layout', layout]);
    expect(made).toMatchObject({ status: 0, stderr: '' });
    expect(made.stdout).toMatch(/2 organisations, 1 peer, 1 orderer, 1 channel, 1 chaincode/);
    expect(readdirSync(dir).toSorted()).toEqual([
      'channels',
      'connections',
      'crypto-config',
      'deliver.yaml',
      'network.yaml',
      'nodes',
      'nodes.yaml',
    ]);
    const again = await runFtl(['network', 'create', '--dir', dir]);
    expect(again).toMatchObject({ status: 1, stdout: '' });
    expect(again.stderr).toMatch(/is there already; nothing was changed/);
  });

  it('create refuses what its own orderer could not order', async () => {
    const layout = join(folder, 'three.yaml');
    writeFileSync(layout, 'organizations: [{ name: Ord, orderers: 3 }, { name: Bank, peers: 1 }]\n');
    const { status, stderr } = await runFtl(['network', 'create', '--dir', join(folder, 'x'), '--layout', layout]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        /^ftl: the layout cannot be used:\n {2}organizations: 3 orderers: .*one is the most\n$/,
      ),
    });
    expect(readdirSync(folder)).not.toContain('x');
  });

  it('status of a network that is not up says so, by its exit status too', async () => {
    const { status, stdout } = await runFtl(['network', 'status', '--dir', dir, '--json']);
    expect(status).toBe(1);
    const { nodes } = JSON.parse(stdout);
    expect(nodes.map(({ kind, state }: Record<string, string>) => [kind, state])).toEqual([
      ['orderer', 'stopped'],
      ['peer', 'stopped'],
      ['chaincode', 'stopped'],
    ]);
    const text = await runFtl(['network', 'status', '--dir', dir]);
    expect(text.stdout).toMatch(/^NODE +STATE +HEALTH +PID +ADDRESS +CHANNELS\n/);
    expect(await runFtl(['network', 'down', '--dir', dir])).toMatchObject({
      status: 0,
      stdout: 'Nothing was running.\n',
    });
  });

  it.each([
    [['status', '--dir', join(folder, 'nowhere')], /there is no network in .*ftl network create/],
    [['create', '--dir', join(folder, 'x'), '--layout', join(folder, 'none.yaml')], /none.yaml cannot be read/],
    [['load', '--rate', 'fast'], /a number from 0 on/],
    [['load', '--dir', dir, '--mix', 'dance=1'], /dance is no operation/],
    [['load', '--dir', dir, '--channel', 'other'], /there is no channel other/],
    [['logs', 'nobody', '--dir', dir], /no node of this network is called nobody/],
  ])('says what is wrong with %j', async (args, message) => {
    const { status, stderr } = await runFtl(['network', ...args]);
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('a network of its own shape, in a folder with an odd name', () => {
  const bank = join(folder, 'my bank');
  const layout = `organizations:
  - { name: Ordering-Co, domain: order.net, orderers: [{ name: o1, port: 0, adminPort: 0, operationsPort: 0 }] }
  - { name: acme, peers: &peers [{ port: 0, chaincodePort: 0, operationsPort: 0 }] }
  - { name: Beta-2, mspId: beta.MSP, domain: b2.example.net, peers: *peers }
  - { name: C3, peers: *peers }
channels:
  - { name: one, organizations: [acme, Beta-2], batch: { timeout: 100ms } }
  - { name: two.x, organizations: [Beta-2, C3], capabilities: { channel: V3_0 }, batch: { timeout: 100ms } }
chaincodes:
  - { name: assets, port: 0 }
  - { name: coins_v2, port: 0, channels: [two.x], version: 1.0-rc.1, policy: /Channel/Application/Endorsement }
`;
  afterAll(() => runFtl(['network', 'down', '--dir', bank]));

  async function chaincodesOf(): Promise<Record<string, readonly string[]>> {
    const { stdout } = await runFtl(['network', 'status', '--json', '--dir', bank]);
    const { nodes } = JSON.parse(stdout) as {
      nodes: { name: string; kind: string; channels: { name: string; chaincodes: string[] }[] }[];
    };
    return Object.fromEntries(
      nodes
        .filter(({ kind }) => kind === 'peer')
        .map(({ name, channels }) => [
          name.split('.')[1],
          channels.flatMap((one) => one.chaincodes.map((chaincode) => `${one.name} ${chaincode}`)).toSorted(),
        ]),
    );
  }

  it('comes up with every chaincode on its channels, and takes a next version from its own network.yaml', async () => {
    const file = join(folder, 'odd.yaml');
    writeFileSync(file, layout);
    expect(await runFtl(['network', 'up', '--dir', bank, '--layout', file])).toMatchObject({ status: 0, stderr: '' });
    const first = ['one assets:1.0', 'two.x assets:1.0', 'two.x coins_v2:1.0-rc.1'];
    expect(await chaincodesOf()).toEqual({ acme: first.slice(0, 1), b2: first, c3: first.slice(1) });
    const load = ['network', 'load', '--dir', bank, '--channel', 'two.x', '--count', '5', '--mix', 'create', '--json'];
    for (const chaincode of ['assets', 'coins_v2']) {
      const { stdout } = await runFtl([...load, '--chaincode', chaincode]);
      expect(JSON.parse(stdout)).toMatchObject({ outcomes: { VALID: 5 } });
    }
    await runFtl(['network', 'down', '--dir', bank]);
    const own = join(bank, 'network.yaml');
    const tree = parse(readFileSync(own, 'utf8')) as { chaincodes: object[] };
    writeFileSync(
      own,
      stringify({
        ...tree,
        chaincodes: tree.chaincodes.with(0, { ...tree.chaincodes[0], version: '2.0', sequence: 2 }),
      }),
    );
    const again = await runFtl(['network', 'up', '--dir', bank, '--layout', file]);
    expect(again).toMatchObject({ status: 0, stdout: expect.stringMatching(/odd.yaml is not read/) });
    const second = first.map((one) => one.replace('assets:1.0', 'assets:2.0'));
    expect(await chaincodesOf()).toEqual({ acme: second.slice(0, 1), b2: second, c3: second.slice(1) });
    const { stdout } = await runFtl([...load, '--chaincode', 'assets']);
    expect(JSON.parse(stdout)).toMatchObject({ outcomes: { VALID: 5 } });
  });
});
