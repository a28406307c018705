import { common, ledger, peer } from '@hyperledger/fabric-protos';

/** Singular message fields of the classes on a block's way: see `repeated_field` in {@link ProtoErrorCode}. */
const SINGULAR: ReadonlyMap<unknown, number> = new Map<unknown, number>(
  (
    [
      [common.Block, [1, 2, 3]],
      [common.Payload, [1]],
      [common.ChannelHeader, [3]],
      [common.OrdererBlockMetadata, [1]],
      [common.ConfigPolicy, [2]],
      [common.SignaturePolicyEnvelope, [2]],
      [peer.ChaincodeHeaderExtension, [2]],
      [peer.ChaincodeActionPayload, [2]],
      [peer.ChaincodeAction, [3, 4]],
      [peer.ChaincodeInvocationSpec, [1]],
      [peer.ChaincodeSpec, [2, 3]],
      [ledger.rwset.kvrwset.KVRead, [2]],
      [ledger.rwset.kvrwset.KVReadHash, [2]],
    ] as const
  ).map(([type, fields]) => [type, fields.reduce((mask: number, field) => mask | (1 << field), 0)]),
);

/** Bit `n` is set where field `n` of a message class holds at most one message; 0 for a class that is not listed. */
export function singularMask(type: unknown): number {
  return SINGULAR.get(type) ?? 0;
}
