import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Signer } from '#node/crypto/sign.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { readWriteSet, signedTransaction } from '#test/harness/signedBlocks.ts';
import type { PendingDurability } from '../consensus/single/pendingLog.ts';
import { Orderer } from '../orderer.ts';
import { answerOf } from './testChannel.ts';

/** What the child needs of a network, as JSON in its folder. */
export interface ChildMaterial {
  readonly node: Keys;
  readonly client: Keys;
  readonly server: string;
  /** Base64. */
  readonly genesis: string;
}

export interface Keys {
  readonly mspId: string;
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** For tests: orders transactions of its own until it is killed, and says which ones were acknowledged. Arguments: folder, durability. */
const [folder, pending] = process.argv.slice(2) as [string, PendingDurability];
const material = JSON.parse(readFileSync(join(folder, 'material.json'), 'utf8')) as ChildMaterial;
const client = new Signer(material.client);
const orderer = await Orderer.open(
  {
    folder: join(folder, 'ledger'),
    pendingFolder: join(folder, 'pending'),
    serverCertificate: material.server,
    pending,
  },
  { signer: new Signer(material.node) },
);
if (orderer.registrar.list().length === 0) {
  await orderer.registrar.join(
    'mychannel',
    BlockView.fromBytes(new Uint8Array(Buffer.from(material.genesis, 'base64'))),
  );
}
const sent: string[] = [];

async function* transactions(): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const envelope = signedTransaction({
      channelId: 'mychannel',
      creator: client,
      endorsers: [],
      chaincode: 'basic',
      results: readWriteSet([{ namespace: 'basic', writes: [{ key: 'k', value: 'v'.repeat(500) }] }]),
    });
    sent.push(EnvelopeView.fromBytes(envelope).channelHeader.txId);
    yield envelope;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const { broadcast } = orderer;
if (broadcast.kind === 'stream') {
  const context = { address: '', certificate: null, traceparent: null, signal: new AbortController().signal };
  for await (const response of broadcast.handle(transactions(), context)) {
    const { status, info } = answerOf(response);
    writeSync(1, status === 'SUCCESS' ? `${sent.shift()}\n` : `${status} ${info}\n`);
  }
}
await orderer.close();
