import { policyReference, signaturePolicyAsApplicationPolicy } from '#node/commit/policyBook.ts';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import {
  BlockMaker,
  definitionWrites,
  type DefinitionParts,
  type NamespaceWrites,
  readWriteSet,
  signedTransaction,
  type TransactionParts,
} from '../harness/signedBlocks.ts';
import {
  channelConfig,
  genesisEnvelope,
  makeOrganization,
  signaturePolicyBytes,
  type TestOrganization,
} from '../harness/signedChannel.ts';
import { commitAll, testLedger, type TestLedger } from './commitBlocks.ts';
import type { BlockPipelineOptions } from '#node/commit/blockPipeline.ts';

export const CHANNEL = 'own';

/** Keys are made once for all tests of a file. */
export const org1: TestOrganization = makeOrganization('Org1MSP', 'peer');
export const org2: TestOrganization = makeOrganization('Org2MSP', 'peer');
export const orderers: TestOrganization = makeOrganization('OrdererMSP', 'orderer');
/** Of no organisation that the channel knows. */
export const stranger: TestOrganization = makeOrganization('StrangerMSP', 'peer');

export const policyText = (text: string): Uint8Array => signaturePolicyAsApplicationPolicy(signaturePolicyBytes(text));
export const BOTH = policyText("AND('Org1MSP.peer','Org2MSP.peer')");
export const EITHER = policyText("OR('Org1MSP.peer','Org2MSP.peer')");
export const MAJORITY = policyReference('/Channel/Application/Endorsement');

/** A transaction of chaincode `basic` that both organisations endorsed, apart from what is said. */
export function transaction(namespaces: readonly NamespaceWrites[], more: Partial<TransactionParts> = {}): Uint8Array {
  return signedTransaction({
    channelId: CHANNEL,
    creator: org1.client,
    endorsers: [org1.node, org2.node],
    chaincode: 'basic',
    results: readWriteSet(namespaces),
    ...more,
  });
}

export const put = (key: string, value = 'v', namespace = 'basic'): NamespaceWrites => ({
  namespace,
  writes: [{ key, value }],
});

export const define = (parts: DefinitionParts): Uint8Array =>
  transaction([definitionWrites(parts)], { chaincode: '_lifecycle', version: 'syscc' });

/** A channel of two organisations with chaincode `basic`, whose policy is MAJORITY of them, in a ledger of its own. */
export async function ownChannel(
  options: BlockPipelineOptions & { readonly state?: 'leveldb' | 'memory' } = {},
  definitions: readonly DefinitionParts[] = [{ name: 'basic', policy: MAJORITY }],
): Promise<TestLedger & { readonly maker: BlockMaker; block(...data: Uint8Array[]): Promise<CommittedBlock> }> {
  const test = await testLedger({ ...options, channelId: CHANNEL });
  const maker = new BlockMaker(orderers.node);
  const blocks = [maker.next([genesisEnvelope(CHANNEL, channelConfig([org1, org2], orderers))])];
  blocks.push(maker.next(definitions.map(define)));
  await commitAll(test.pipeline, blocks);
  return {
    ...test,
    maker,
    async block(...data) {
      const [committed] = await commitAll(test.pipeline, [maker.next(data)]);
      return committed as CommittedBlock;
    },
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}

export const codesOf = (block: CommittedBlock): readonly string[] => block.transactions.map(({ codeName }) => codeName);
