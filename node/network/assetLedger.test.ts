import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ChaincodeBed } from '#test/chaincode/chaincodeBed.ts';
import { freePort } from '#test/chaincode/freePort.ts';
import { packageChaincode } from './deployChaincode.ts';
import type { ChaincodeLayout } from './layout.ts';
import { NetworkFolder } from './networkFolder.ts';
import { chaincodeProcess, SAMPLE_FOLDER } from './nodeProcesses.ts';
import { startProcess, stopProcess } from './processes.ts';

/** As the network tool runs it, and as a peer runs it from its package. */
describe.each(['service', 'peer'] as const)('the asset ledger, run by the %s', (run) => {
  const path = mkdtempSync(join(tmpdir(), 'ftl-assets-'));
  const folder = new NetworkFolder(path);
  let bed: ChaincodeBed;

  beforeAll(async () => {
    bed = await ChaincodeBed.start({ runtime: { user: null } });
    const chaincode: ChaincodeLayout = {
      name: 'every',
      version: '1.0',
      sequence: 1,
      channels: [],
      path: null,
      run,
      port: run === 'service' ? await freePort() : null,
      policy: '',
      initRequired: false,
      endorsementPlugin: 'escc',
      validationPlugin: 'vscc',
      collections: [],
    };
    const { packageId, bytes } = await packageChaincode(folder, chaincode, SAMPLE_FOLDER);
    await bed.packages.save(bytes);
    bed.runBy('every', packageId);
    if (run === 'service') {
      await startProcess(chaincodeProcess(folder, chaincode, packageId));
    }
  });
  afterAll(async () => {
    await stopProcess(folder.chaincode('every').pid, 5000);
    await bed[Symbol.asyncDispose]();
    rmSync(path, { recursive: true, force: true });
  });

  const asked = async (name: string, ...args: string[]): Promise<unknown> => {
    const { status, message, payload } = await bed.invoke(name, args);
    expect({ status, message }).toEqual({ status: 200, message: '' });
    return JSON.parse(payload);
  };

  it('keeps assets', async () => {
    expect(await asked('ListAssets', '')).toEqual({ assets: [], bookmark: '' });
    await bed.submit('CreateAsset', ['car', 'Ada', '100']);
    expect(await asked('ReadAsset', 'car')).toEqual({ id: 'car', owner: 'Ada', value: 100 });
    await bed.submit('UpdateAsset', ['car', '90']);
    const transferred = await bed.submit('TransferAsset', ['car', 'Emmy']);
    expect(JSON.parse(transferred.payload)).toBe('Ada');
    await bed.submit('CreateAsset', ['boat', 'Carl', '7']);
    expect(await asked('ListAssets', '')).toMatchObject({
      assets: [
        { id: 'boat', owner: 'Carl', value: 7 },
        { id: 'car', owner: 'Emmy', value: 90 },
      ],
    });
    await bed.submit('DeleteAsset', ['boat']);
    const changes = (await asked('AssetHistory', 'car')) as { readonly asset: { readonly value: number } }[];
    expect(changes.map(({ asset }) => asset.value)).toEqual([90, 90, 100]);
    expect(await asked('AssetHistory', 'boat')).toMatchObject([{ asset: null }, { asset: { id: 'boat' } }]);
  });

  it('refuses what makes no sense, with the reason', async () => {
    await bed.submit('CreateAsset', ['ring', 'Ada', '1']);
    for (const [args, reason] of [
      [['CreateAsset', 'ring', 'Carl', '1'], /exists already/],
      [['ReadAsset', 'nothing'], /nothing does not exist/],
      [['DeleteAsset', 'nothing'], /does not exist/],
      [['UpdateAsset', 'ring', 'much'], /much is not a whole number/],
      [['CreateAsset', '', 'Ada', '1'], /needs an ID/],
      [['SetDetails', 'ring'], /transient data/],
      [['Fail', 'on purpose'], /on purpose/],
    ] as const) {
      const [name, ...rest] = args;
      const { status, message } = await bed.invoke(name, rest);
      expect(status).toBe(500);
      expect(message).toMatch(reason);
    }
  });

  it('takes its time, and contradicts itself, when it is asked to', async () => {
    await bed.submit('Wait', ['slow', '20']);
    expect(await asked('ReadAsset', 'slow')).toMatchObject({ value: 20 });
    const answers = await Promise.all([1, 2].map((): Promise<Answer> => bed.invoke('Disagree', ['x'])));
    expect(answers[0]?.payload).not.toBe(answers[1]?.payload);
  });
});
