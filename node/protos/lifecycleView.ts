import { peer } from '@hyperledger/fabric-protos';
import { type ApplicationPolicyView, applicationPolicyView } from './policyText.ts';
import { ProtoError } from './protoError.ts';
import type { NamespaceView } from './readWriteSetView.ts';
import { decodeMessage } from './strictReader.ts';
import type { InvocationView, TransactionActionView } from './transactionView.ts';

const { ChaincodeEndorsementInfo, ChaincodeValidationInfo, CommitChaincodeDefinitionArgs, StateData } = peer.lifecycle;

/** Namespace and chaincode name of the lifecycle system chaincode. */
export const LIFECYCLE_NAMESPACE = '_lifecycle';
const IMPLICIT_COLLECTION = '_implicit_org_';

/** The collection that every chaincode has for one organisation alone, without defining it. */
export function implicitCollection(mspId: string): string {
  return `${IMPLICIT_COLLECTION}${mspId}`;
}

/** Whose organisation an implicit collection is; null for a collection that was defined. */
export function implicitOwner(collection: string): string | null {
  return collection.startsWith(IMPLICIT_COLLECTION) ? collection.slice(IMPLICIT_COLLECTION.length) : null;
}

/** `namespaces/fields/<chaincode>/<field>`: names hold no slash, and approvals (`<chaincode>#<sequence>`) are not public state. */
const FIELD_KEY = /^namespaces\/fields\/([^/#]{1,256})\/(Sequence|EndorsementInfo|ValidationInfo|Collections)$/;

/** A chaincode definition that a transaction commits. */
export interface ChaincodeDefinitionView {
  readonly name: string;
  readonly sequence: number;
  /** Null where the transaction does not tell it: only fields that change are written. */
  readonly version: string | null;
  readonly initRequired: boolean | null;
  readonly validationPlugin: string | null;
  /** Endorsement policy; null where the transaction does not tell it. */
  readonly policy: ApplicationPolicyView | null;
}

interface Fields {
  sequence?: number;
  version?: string;
  initRequired?: boolean;
  validationPlugin?: string;
  validationParameter?: Uint8Array;
}

/**
 * Definitions among the writes of the `_lifecycle` namespace. A peer writes one key a field, and only the fields that differ
 * from the definition before (Fabric, core/chaincode/lifecycle `Serializer`), so that a redefinition may leave the policy
 * out; the arguments of the call, if given, fill the gaps.
 * @throws ProtoError
 */
export function definitionsWritten(
  lifecycle: NamespaceView,
  invocation?: InvocationView,
): readonly ChaincodeDefinitionView[] {
  const byName = new Map<string, Fields>();
  for (const { key, value, isDelete } of lifecycle.writes) {
    const [, name, field] = FIELD_KEY.exec(key) ?? [];
    if (name === undefined || isDelete) {
      continue;
    }
    let fields = byName.get(name);
    if (fields === undefined) {
      fields = {};
      byName.set(name, fields);
    }
    readField(field as string, value, fields);
  }
  const asked = invocation === undefined ? null : definitionArguments(invocation);
  return [...byName].flatMap(([name, written]) => {
    // Every definition raises the sequence: without it these are not the writes of a definition.
    if (written.sequence === undefined) {
      return [];
    }
    const told =
      asked !== null && asked.getName() === name && asked.getSequence() === written.sequence
        ? argumentFields(asked)
        : {};
    const fields: Fields = { ...told, ...written };
    return [
      {
        name,
        sequence: written.sequence,
        version: fields.version ?? null,
        initRequired: fields.initRequired ?? null,
        validationPlugin: fields.validationPlugin ?? null,
        policy: fields.validationParameter === undefined ? null : applicationPolicyView(fields.validationParameter),
      },
    ];
  });
}

/** Definitions that a transaction commits; empty for all others. Whether they count is up to its validation code. */
export function definitionsOf(action: TransactionActionView): readonly ChaincodeDefinitionView[] {
  const lifecycle = action.readWriteSet.namespace(LIFECYCLE_NAMESPACE);
  return lifecycle === null ? [] : definitionsWritten(lifecycle, action.invocation);
}

function readField(field: string, bytes: Uint8Array, into: Fields): void {
  const data = decodeMessage(StateData, bytes, 'lifecycle.StateData');
  if (field === 'Sequence') {
    into.sequence = data.getInt64();
    if (!Number.isSafeInteger(into.sequence) || into.sequence < 0) {
      throw new ProtoError('out_of_range', 'lifecycle.StateData', `sequence ${into.sequence}`);
    }
  } else if (field === 'EndorsementInfo') {
    const info = decodeMessage(ChaincodeEndorsementInfo, data.getBytes_asU8(), 'lifecycle.ChaincodeEndorsementInfo');
    into.version = info.getVersion();
    into.initRequired = info.getInitRequired();
  } else if (field === 'ValidationInfo') {
    const info = decodeMessage(ChaincodeValidationInfo, data.getBytes_asU8(), 'lifecycle.ChaincodeValidationInfo');
    into.validationPlugin = info.getValidationPlugin();
    into.validationParameter = info.getValidationParameter_asU8();
  }
}

function argumentFields(asked: InstanceType<typeof CommitChaincodeDefinitionArgs>): Fields {
  return {
    version: asked.getVersion(),
    initRequired: asked.getInitRequired(),
    validationPlugin: asked.getValidationPlugin() || 'vscc',
    validationParameter: asked.getValidationParameter_asU8(),
  };
}

/** Arguments of a `CommitChaincodeDefinition` call; null for any other call. */
function definitionArguments(invocation: InvocationView): InstanceType<typeof CommitChaincodeDefinitionArgs> | null {
  const [name, argument] = invocation.args;
  if (argument === undefined || Buffer.from(name as Uint8Array).toString('latin1') !== 'CommitChaincodeDefinition') {
    return null;
  }
  return decodeMessage(CommitChaincodeDefinitionArgs, argument, 'lifecycle.CommitChaincodeDefinitionArgs');
}
