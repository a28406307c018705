import { common, ledger, msp, peer } from '@hyperledger/fabric-protos';
import { BlockSource } from '#collector/blocks/blockSource.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { vendoredBlocks, VERSIONS } from '#node/protos/testBlocks.ts';

/**
 * What decoding a block costs, in CPU-microseconds a transaction, over the vendored blocks of real networks (without the rare
 * configuration blocks, whose certificates cost more than everything else): google-protobuf's
 * `deserializeBinary` of the same messages, our views of them, and the records made of them. One process, the three by turns,
 * each figure the median of the rounds. Run: `node test/perf/blocks.ts [rounds]`.
 */
const rounds = Number(process.argv[2] ?? 60);
const blocks = VERSIONS.flatMap((version) => vendoredBlocks(version).blocks).filter(({ transactions: list }) =>
  list.every(({ type }) => type === 'ENDORSER_TRANSACTION'),
);
const transactions = blocks.reduce((sum, block) => sum + block.transactions.length, 0);

/** Every message that the views decode, with the generated code alone. No identity is parsed, no hash computed. */
function plain(bytes: Uint8Array): number {
  let seen = 0;
  const block = common.Block.deserializeBinary(bytes);
  for (const data of block.getData()?.getDataList_asU8() ?? []) {
    const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(data).getPayload_asU8());
    const header = payload.getHeader() as common.Header;
    const channel = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
    const signature = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
    msp.SerializedIdentity.deserializeBinary(signature.getCreator_asU8());
    seen += channel.getTxId().length;
    if (channel.getType() !== common.HeaderType.ENDORSER_TRANSACTION) {
      continue;
    }
    const [action] = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
    const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(action?.getPayload_asU8() as Uint8Array);
    const proposal = peer.ChaincodeProposalPayload.deserializeBinary(actionPayload.getChaincodeProposalPayload_asU8());
    seen += peer.ChaincodeInvocationSpec.deserializeBinary(proposal.getInput_asU8()).hasChaincodeSpec() ? 1 : 0;
    const endorsed = actionPayload.getAction() as peer.ChaincodeEndorsedAction;
    for (const endorsement of endorsed.getEndorsementsList()) {
      msp.SerializedIdentity.deserializeBinary(endorsement.getEndorser_asU8());
    }
    const answer = peer.ChaincodeAction.deserializeBinary(
      peer.ProposalResponsePayload.deserializeBinary(endorsed.getProposalResponsePayload_asU8()).getExtension_asU8(),
    );
    for (const set of ledger.rwset.TxReadWriteSet.deserializeBinary(answer.getResults_asU8()).getNsRwsetList()) {
      seen += ledger.rwset.kvrwset.KVRWSet.deserializeBinary(set.getRwset_asU8()).getReadsList().length;
      for (const collection of set.getCollectionHashedRwsetList()) {
        ledger.rwset.kvrwset.HashedRWSet.deserializeBinary(collection.getHashedRwset_asU8());
      }
    }
  }
  return seen;
}

/** The same parts through the views, and the header's hash. */
function views(bytes: Uint8Array): number {
  let seen = 0;
  const block = BlockView.fromBytes(bytes);
  seen += block.hash.length;
  for (const envelope of block.envelopes) {
    seen += envelope.channelHeader.txId.length + (envelope.creator?.mspId.length ?? 0);
    if (envelope.channelHeader.type === common.HeaderType.ENDORSER_TRANSACTION) {
      const { action } = envelope.transaction;
      seen += action.invocation.args.length + action.endorsers.length;
      for (const namespace of action.readWriteSet.namespaces) {
        seen += namespace.reads.length + namespace.writes.length + namespace.collections.length;
      }
    }
  }
  return seen;
}

const source = new BlockSource();
const contenders: readonly (readonly [string, (bytes: Uint8Array) => number])[] = [
  ['deserializeBinary alone', plain],
  ['views, every part asked', views],
  ['records (decodeBlock)', (bytes) => source.decode(bytes).length],
  ['records as JSON', (bytes) => JSON.stringify(source.decode(bytes)).length],
];

const times = contenders.map((): number[] => []);
let sink = 0;
for (let round = -10; round < rounds; round++) {
  for (const [which, [, run]] of contenders.entries()) {
    const start = process.cpuUsage();
    for (const { bytes } of blocks) {
      sink += run(bytes);
    }
    const { user, system } = process.cpuUsage(start);
    if (round >= 0) {
      times[which]?.push(user + system);
    }
  }
}

console.log(`${blocks.length} blocks, ${transactions} transactions, ${rounds} rounds (${sink} things seen)`);
const medians = times.map((list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] as number);
for (const [which, [name]] of contenders.entries()) {
  const median = medians[which] as number;
  console.log(
    `${name.padEnd(26)} ${(median / transactions).toFixed(1).padStart(7)} CPU-µs a transaction   × ${(median / (medians[0] as number)).toFixed(2)}`,
  );
}
