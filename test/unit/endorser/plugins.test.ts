import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ValidationPlugin } from '#node/commit/validationPlugins.ts';
import { defaultEndorsement, type EndorsementPluginFactory } from '#node/endorser/endorsementPlugins.ts';
import { EndorserError } from '#node/endorser/endorserError.ts';
import { loadEndorsementPlugins, loadValidationPlugins } from '#node/endorser/pluginLibraries.ts';
import { endorsedTransaction } from '../../harness/signedProposal.ts';
import { policyText } from '../commitNetwork.ts';
import { basic, codesOf, EndorserNetwork, proposal } from './endorserNetwork.ts';

const EITHER = policyText("OR('Org1MSP.peer','Org2MSP.peer')");

describe('an endorsement plugin', () => {
  it('is the one that the definition names, one for each channel', async () => {
    let made = 0;
    const shy: EndorsementPluginFactory = async (context) => {
      made++;
      const standard = await defaultEndorsement(context);
      return {
        endorse(payload, sent) {
          if (Buffer.from(payload).includes('secret')) {
            throw new Error('nothing secret');
          }
          return standard.endorse(payload, sent);
        },
      };
    };
    const definitions = [
      { name: 'basic', policy: EITHER, endorsementPlugin: 'shy' },
      { name: 'other', policy: EITHER, endorsementPlugin: 'nobody knows' },
    ];
    await using network = await EndorserNetwork.start(definitions, { plugins: { shy } });
    network.install('basic', basic);
    network.install('other', basic);

    const sent = proposal({ args: ['put', 'open', '1'] });
    const response = await network.peer.propose(sent.bytes);
    expect(codesOf(await network.block([endorsedTransaction(sent, [response])]))).toEqual(['VALID']);
    const refused = await network.peer.propose(proposal({ args: ['put', 'secret', '1'] }).bytes);
    expect([refused.getResponse()?.getStatus(), refused.hasEndorsement()]).toEqual([500, false]);
    expect(refused.getResponse()?.getMessage()).toBe('endorsing with plugin failed: nothing secret');
    expect(made).toBe(1);

    const unknown = await network.peer.propose(proposal({ chaincode: 'other' }).bytes);
    expect(unknown.getResponse()?.getMessage()).toBe(
      "endorsing with plugin failed: plugin with name nobody knows could not be used: plugin with name nobody knows wasn't found",
    );
  });
});

describe('a validation plugin', () => {
  const definitions = [{ name: 'basic', policy: EITHER, plugin: 'four-eyes' }];
  const fourEyes: ValidationPlugin = {
    validate: ({ endorsers, parameter, evaluatePolicy }) =>
      new Set(endorsers.map(({ mspId }) => mspId)).size < 2
        ? 'endorsed by one organisation only'
        : evaluatePolicy(parameter),
  };

  it('decides in place of the policies', async () => {
    await using network = await EndorserNetwork.start(definitions, { validationPlugins: { 'four-eyes': fourEyes } });
    network.install('basic', basic);
    const [one, two] = [proposal({ args: ['put', 'a'] }), proposal({ args: ['put', 'b'] })];
    const alone = endorsedTransaction(one, [await network.peer.propose(one.bytes)]);
    const both = endorsedTransaction(two, await Promise.all(network.peers.map((peer) => peer.propose(two.bytes))));
    const block = await network.block([alone, both]);
    expect(codesOf(block)).toEqual(['ENDORSEMENT_POLICY_FAILURE', 'VALID']);
    expect(block.transactions[0]?.reason).toBe('endorsed by one organisation only');
  });

  it('that is not there, or cannot tell, stops the channel before the block, as a Go peer halts', async () => {
    await using network = await EndorserNetwork.start(definitions);
    network.install('basic', basic);
    const sent = proposal();
    const transaction = endorsedTransaction(sent, [await network.peer.propose(sent.bytes)]);
    await expect(network.block([transaction])).rejects.toMatchObject({ code: 'unknown_plugin' });
    expect(network.channel.height).toBe(2);

    const unsure: ValidationPlugin = { validate: () => Promise.reject(new Error('ask me tomorrow')) };
    await using other = await EndorserNetwork.start(definitions, { validationPlugins: { 'four-eyes': unsure } });
    other.install('basic', basic);
    await expect(other.block([transaction])).rejects.toMatchObject({ code: 'plugin_failed' });
    expect(other.channel.height).toBe(2);
  });
});

describe('libraries of plugins', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ftl-plugins-'));
    // The examples of the documentation, as they stand there; what a peer's process gives to them has its own name under a test runner.
    const page = await readFile(resolve(import.meta.dirname, '../../../docs/plugins.md'), 'utf8');
    const examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);
    const node = resolve(import.meta.dirname, '../../../node');
    for (const [index, code] of examples.entries()) {
      const name = ['ownClients.ts', 'fourEyes.ts'][index] as string;
      await writeFile(join(folder, name), code.replaceAll("'fabric-ftl/plugins'", `'${node}/plugins.ts'`));
    }
    await writeFile(join(folder, 'nothing.ts'), 'export default 7;\n');
    await writeFile(join(folder, 'broken.ts'), 'throw new Error("not today");\n');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are modules: the examples of the documentation', async () => {
    const endorsers = await loadEndorsementPlugins({ 'own-clients': 'ownClients.ts' }, folder);
    expect(Object.keys(endorsers)).toEqual(['own-clients']);
    const validators = await loadValidationPlugins({ 'four-eyes': join(folder, 'fourEyes.ts') }, '/');
    await using network = await EndorserNetwork.start(
      [{ name: 'basic', policy: EITHER, plugin: 'four-eyes', endorsementPlugin: 'own-clients' }],
      { plugins: endorsers, validationPlugins: validators },
    );
    network.install('basic', basic);
    const sent = proposal();
    const [response, refused] = await Promise.all(network.peers.map((peer) => peer.propose(sent.bytes)));
    expect(response?.hasEndorsement()).toBe(true);
    expect(refused?.getResponse()?.getMessage()).toContain('clients of Org1MSP are served elsewhere');
    const block = await network.block([endorsedTransaction(sent, [response as NonNullable<typeof response>])]);
    expect(codesOf(block)).toEqual(['ENDORSEMENT_POLICY_FAILURE']);
  });

  it('are told apart from other modules when they are loaded', async () => {
    for (const library of ['nothing.ts', 'broken.ts', 'absent.ts']) {
      await expect(loadEndorsementPlugins({ own: library }, folder)).rejects.toThrow(EndorserError);
      await expect(loadValidationPlugins({ own: library }, folder)).rejects.toThrow(/^plugin own/);
    }
  });
});
