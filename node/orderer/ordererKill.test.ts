import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Signer } from '#node/crypto/sign.ts';
import { expect, it } from 'vitest';
import { verifyBlockSignatures, verifyChain } from '#node/commit/verifyBlock.ts';
import { authority, definition, issue } from '#node/msp/testAuthority.ts';
import { mspConfigOf } from '#node/msp/mspDefinition.ts';
import { makeOrganization, type TestOrganization } from '#test/harness/signedChannel.ts';
import { bundleOf, TestNetwork } from './testing/testChannel.ts';
import type { ChildMaterial, Keys } from './testing/orderingChild.ts';
import { allBlocks, openOrderer, temporaryFolder, txIdsOf } from './testing/testOrderer.ts';

/** An organisation whose keys can be handed on. */
function organizationWithKeys(
  mspId: string,
  role: 'peer' | 'orderer',
): { organization: TestOrganization; keys: Record<string, Keys> } {
  const ca = authority(`ca.${mspId}`);
  const keysOf = (unit: string): Keys => {
    const holder = issue(ca, { name: `${unit}@${mspId}`, units: [unit] });
    const keyPem = holder.privateKey.export({ format: 'pem', type: 'pkcs8' });
    return { mspId, keyPem, certificatePem: Buffer.from(holder.pem).toString() };
  };
  const keys = { client: keysOf('client'), node: keysOf(role) };
  const organization = {
    ...makeOrganization(mspId, role),
    config: mspConfigOf(definition([ca], { mspId })).serializeBinary(),
    client: new Signer(keys.client),
    node: new Signer(keys.node),
  };
  return { organization, keys };
}

it.each(['written', 'synced'] as const)(
  'an orderer that is killed with -9 loses and doubles nothing that it acknowledged (%s)',
  async (pending) => {
    const org1 = organizationWithKeys('Org1MSP', 'peer');
    const orderers = organizationWithKeys('OrdererMSP', 'orderer');
    const network = new TestNetwork(org1.organization, orderers.organization);
    const genesis = network.genesis({ maxMessageCount: 7, batchTimeout: '15ms' });
    const folder = temporaryFolder();
    const material: ChildMaterial = {
      node: orderers.keys['node'] as Keys,
      client: org1.keys['client'] as Keys,
      server: Buffer.from(network.server.pem).toString(),
      genesis: Buffer.from(genesis.bytes).toString('base64'),
    };
    writeFileSync(join(folder.path, 'material.json'), JSON.stringify(material));
    const acknowledged: string[] = [];
    try {
      for (let round = 0; round < 6; round++) {
        acknowledged.push(...(await killedAfter(folder.path, pending, (round * 29) % 100)));
      }
      // What the log still has is put into blocks.
      await (await openOrderer(folder.path, network, { pending })).close();
      const orderer = await openOrderer(folder.path, network, { pending });
      const blocks = await allBlocks(orderer);
      await orderer.close();
      const ids = txIdsOf(blocks);
      expect(acknowledged.length).toBeGreaterThan(20);
      expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
      expect(new Set(ids).size).toBe(ids.length);
      const bundle = bundleOf(genesis);
      for (const [index, block] of blocks.slice(1).entries()) {
        verifyChain(block, { height: index + 1, hash: blocks[index]?.hash ?? null }, 'mychannel');
        await verifyBlockSignatures(block, bundle);
      }
    } finally {
      folder.remove();
    }
  },
  60_000,
);

/** IDs that a child acknowledged before it was killed, some time after the first. */
async function killedAfter(folder: string, pending: string, delayMs: number): Promise<string[]> {
  const script = join(import.meta.dirname, 'testing', 'orderingChild.ts');
  const child = spawn(process.execPath, [script, folder, pending], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    said += text;
    timer ??= setTimeout(() => child.kill('SIGKILL'), delayMs);
  });
  await once(child, 'close');
  const lines = said.slice(0, said.lastIndexOf('\n')).split('\n');
  expect(lines.filter((line) => !/^[0-9a-f]{64}$/u.test(line))).toEqual([]);
  return lines;
}
