import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinOrderer, joinPeers } from './channel.ts';
import { GoTools } from './goTools.ts';
import { InteropNetwork } from './interopNetwork.ts';

const [OURS, GO] = ['peer0.org1.example.com', 'peer1.org1.example.com'] as const;

const cases = (await GoTools.all()).map((tools) => [tools.release, tools] as const);

describe.each(cases)("FTL's operations service beside Go's (%s)", (_, tools) => {
  let network: InteropNetwork;

  beforeAll(async () => {
    network = await InteropNetwork.start(tools, {
      material: 'ours',
      nodes: { [GO]: 'go' },
      organizations: { Org1: 2 },
    });
    await joinOrderer(network);
    await joinPeers(network, OURS, GO);
  });
  afterAll(() => network?.[Symbol.asyncDispose]());

  const get = async (host: string, path: string): Promise<{ readonly status: number; readonly text: string }> => {
    const port = network.organization('Org1').peers.find((peer) => peer.host === host)?.operationsPort;
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, text: await response.text() };
  };

  it('health and version are told in the same form', async () => {
    for (const [path, keys] of [
      ['/healthz', ['status', 'time']],
      ['/version', ['Version']],
      ['/logspec', ['spec']],
    ] as const) {
      for (const host of [OURS, GO]) {
        const { status, text } = await get(host, path);
        expect([host, path, status]).toEqual([host, path, 200]);
        expect(Object.keys(JSON.parse(text) as object)).toEqual(expect.arrayContaining([...keys]));
      }
    }
  });

  it('metrics of the same name are of the same kind, with the same labels', async () => {
    const [ours, go] = (await Promise.all([OURS, GO].map((host) => get(host, '/metrics')))).map(({ text }) =>
      metrics(text),
    );
    const common = [...(ours ?? [])].filter(([name]) => go?.has(name));
    expect(common.length).toBeGreaterThan(20);
    // What has no sample yet shows no labels.
    const labelled = ([name, { labels }]: (typeof common)[number]): boolean =>
      labels !== '' && go?.get(name)?.labels !== '';
    expect(common.map(([name, { kind }]) => [name, kind])).toEqual(common.map(([name]) => [name, go?.get(name)?.kind]));
    expect(common.filter(labelled).map(([name, { labels }]) => [name, labels])).toEqual(
      common.filter(labelled).map(([name]) => [name, go?.get(name)?.labels]),
    );
  });
});

interface Metric {
  readonly kind: string;
  /** Names, sorted; empty where it has no sample. */
  labels: string;
}

function metrics(text: string): Map<string, Metric> {
  const found = new Map<string, Metric>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)/.exec(line);
    if (type !== null) {
      found.set(type[1] as string, { kind: type[2] as string, labels: '' });
    }
    const sample = /^([a-z][a-z0-9_]*?)(?:_bucket|_sum|_count)?\{([^}]*)\}/.exec(line);
    const metric =
      sample === null ? undefined : (found.get(sample[1] as string) ?? found.get(line.split('{')[0] as string));
    if (sample !== null && metric !== undefined && metric.labels === '') {
      const names = [...(sample[2] as string).matchAll(/(\w+)="/g)].map(([, name]) => name as string);
      metric.labels = names
        .filter((name) => name !== 'le')
        .toSorted()
        .join();
    }
  }
  return found;
}
