import { common, peer } from '@hyperledger/fabric-protos';

const byNumber = (map: object): ReadonlyMap<number, string> =>
  new Map(Object.entries(map).map(([name, value]) => [value as number, name]));

const codes = byNumber(peer.TxValidationCode);
const types = byNumber(common.HeaderType);

/** What a peer writes before it has validated a transaction: no verdict. */
export const NOT_VALIDATED: number = peer.TxValidationCode.NOT_VALIDATED;
export const VALID: number = peer.TxValidationCode.VALID;

/** TxValidationCode's name; `CODE_<n>` for a number that no release of Fabric knows. */
export function validationCodeName(code: number): string {
  return codes.get(code) ?? `CODE_${code}`;
}

/** HeaderType's name; `TYPE_<n>` for a number that no release of Fabric knows. */
export function headerTypeName(type: number): string {
  return types.get(type) ?? `TYPE_${type}`;
}
