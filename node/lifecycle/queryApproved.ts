import type { peer } from '@hyperledger/fabric-protos';
import {
  type ApprovedDefinition,
  approvalName,
  CHAINCODE_SOURCES,
  currentSequence,
  LOCAL_PACKAGE_TYPE,
  NAMESPACES,
  PARAMETERS_TYPE,
  readApproval,
  readLocalPackage,
} from './definition.ts';
import { during, LifecycleError } from './lifecycleError.ts';
import type { RangeableState, ReadableState } from './lifecycleState.ts';
import { readAllMetadata, readMetadata } from './stateSerializer.ts';

/**
 * What this organisation approved.
 * @param sequence 0: of the next definition, else of the committed one
 * @throws LifecycleError
 */
export async function queryApproved(
  name: string,
  sequence: number,
  { channelId, publicState, own }: { channelId: string; publicState: ReadableState; own: ReadableState },
): Promise<ApprovedDefinition> {
  let wanted = sequence;
  if (wanted === 0) {
    wanted = await during('could not get current sequence', () => currentSequence(name, publicState));
    const next = await during(`could not deserialize namespace metadata for next sequence ${wanted + 1}`, () =>
      readMetadata(NAMESPACES, approvalName(name, wanted + 1), own),
    );
    if (next !== null) {
      wanted++;
    }
  }
  const privateName = approvalName(name, wanted);
  const metadata = await during(`could not deserialize namespace metadata for ${privateName}`, () =>
    readMetadata(NAMESPACES, privateName, own),
  );
  if (metadata === null) {
    throw new LifecycleError(
      'refused',
      `could not fetch approved chaincode definition (name: '${name}', sequence: '${wanted}') on channel '${channelId}'`,
    );
  }
  return approvedDefinition(name, wanted, metadata, own);
}

/** All that this organisation approved in the channel, by name and sequence. @throws LifecycleError */
export async function queryAllApproved({
  channelId,
  own,
}: {
  channelId: string;
  own: RangeableState;
}): Promise<readonly (ApprovedDefinition & { readonly name: string })[]> {
  const all = await during('could not fetch metadatas', () => readAllMetadata(NAMESPACES, own));
  const approved: (ApprovedDefinition & { readonly name: string })[] = [];
  for (const [privateName, metadata] of all) {
    const { name, sequence } = nameAndSequence(privateName);
    const definition = await during(
      `could not fetch approved chaincode definition (name: '${name}', sequence: '${sequence}') on channel '${channelId}'`,
      () => approvedDefinition(name, sequence, metadata, own),
    );
    approved.push({ name, ...definition });
  }
  return approved;
}

async function approvedDefinition(
  name: string,
  sequence: number,
  metadata: peer.lifecycle.StateMetadata,
  own: ReadableState,
): Promise<ApprovedDefinition> {
  const privateName = approvalName(name, sequence);
  if (metadata.getDatatype() !== PARAMETERS_TYPE) {
    throw new LifecycleError('state', `not a chaincode parameters type: ${metadata.getDatatype()}`);
  }
  const parameters = await during(`could not deserialize chaincode parameters for ${privateName}`, () =>
    readApproval(privateName, metadata, own),
  );
  const source = await during(`could not deserialize chaincode-source metadata for ${privateName}`, () =>
    readMetadata(CHAINCODE_SOURCES, privateName, own),
  );
  if (source === null) {
    throw new LifecycleError('state', `could not fetch chaincode-source metadata for ${privateName}`);
  }
  if (source.getDatatype() !== LOCAL_PACKAGE_TYPE) {
    throw new LifecycleError('state', `not a chaincode local package type: ${source.getDatatype()}`);
  }
  const packageId = await during(`could not deserialize chaincode package for ${privateName}`, () =>
    readLocalPackage(privateName, source, own),
  );
  return { sequence, ...parameters, packageId };
}

function nameAndSequence(privateName: string): { name: string; sequence: number } {
  const [name = '', sequence = '', ...more] = privateName.split('#');
  if (more.length > 0 || !/^\d{1,15}$/.test(sequence)) {
    throw new LifecycleError(
      'state',
      `could not extract chaincode name and sequence number from metadata: ${privateName}: invalid private name format: ${privateName}`,
    );
  }
  return { name, sequence: Number(sequence) };
}
