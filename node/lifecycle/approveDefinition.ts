import type { ChannelBundle } from '#node/channel/bundle.ts';
import { withDefaults } from './commitDefinition.ts';
import {
  approvalName,
  CHAINCODE_SOURCES,
  type ChaincodeDefinition,
  currentSequence,
  difference,
  localPackageStructure,
  NAMESPACES,
  parametersStructure,
  readApproval,
  readDefinition,
  readLocalPackage,
} from './definition.ts';
import { during, LifecycleError } from './lifecycleError.ts';
import type { ReadableState, WritableState } from './lifecycleState.ts';
import { readMetadata, serialize } from './stateSerializer.ts';

/**
 * Notes that this organisation agrees to a definition, the next one or the committed one, and which package it runs.
 * @param packageId empty: none, so that this organisation's peers do not endorse
 * @throws LifecycleError
 */
export async function approveDefinition(
  name: string,
  asked: ChaincodeDefinition,
  packageId: string,
  { bundle, publicState, own }: { bundle: ChannelBundle; publicState: ReadableState; own: WritableState },
): Promise<void> {
  const current = await during('could not get current sequence', () => currentSequence(name, publicState));
  const { sequence } = asked;
  if (current === 0 && sequence === 0) {
    refuse('requested sequence is 0, but first definable sequence number is 1');
  }
  if (sequence < current) {
    refuse(`currently defined sequence ${current} is larger than requested sequence ${sequence}`);
  }
  if (sequence > current + 1) {
    refuse(`requested sequence ${sequence} is larger than the next available sequence number ${current + 1}`);
  }
  const definition = withDefaults(asked, bundle);
  if (sequence === current) {
    await requireSameAsCommitted(name, definition, publicState);
  }
  const privateName = approvalName(name, sequence);
  if (await isApprovedAlready(privateName, definition, packageId, own)) {
    refuse(
      sequence === current
        ? `attempted to redefine the current committed sequence (${current}) for namespace ${name}`
        : `attempted to redefine uncommitted sequence (${sequence}) for namespace ${name} with unchanged content`,
    );
  }
  await during('could not serialize chaincode parameters to state', () =>
    serialize(NAMESPACES, privateName, parametersStructure(definition), own),
  );
  await during('could not serialize chaincode package info to state', () =>
    serialize(CHAINCODE_SOURCES, privateName, localPackageStructure(packageId), own),
  );
}

async function requireSameAsCommitted(
  name: string,
  definition: ChaincodeDefinition,
  publicState: ReadableState,
): Promise<void> {
  const { sequence } = definition;
  const metadata = await during('could not fetch metadata for current definition', () =>
    readMetadata(NAMESPACES, name, publicState),
  );
  if (metadata === null) {
    throw new LifecycleError('state', `missing metadata for currently committed sequence number (${sequence})`);
  }
  const committed = await during(`could not deserialize namespace ${name} as chaincode`, () =>
    readDefinition(name, metadata, publicState),
  );
  const differs = difference(committed, definition);
  if (differs !== null) {
    refuse(
      `attempted to redefine the current committed sequence (${sequence}) for namespace ${name} with different parameters: ${differs}`,
    );
  }
}

/** To approve the same a second time would be a transaction that writes nothing. */
async function isApprovedAlready(
  privateName: string,
  definition: ChaincodeDefinition,
  packageId: string,
  own: ReadableState,
): Promise<boolean> {
  const metadata = await during(
    `could not fetch chaincode definition, chaincode ${privateName}, requested at sequence ${definition.sequence}`,
    () => readMetadata(NAMESPACES, privateName, own),
  );
  if (metadata === null) {
    return false;
  }
  const approved = await during(`could not deserialize namespace ${privateName} as chaincode`, () =>
    readApproval(privateName, metadata, own),
  );
  if (difference(approved, definition) !== null) {
    return false;
  }
  const source = await during(`could not deserialize chaincode-source metadata for ${privateName}`, () =>
    readMetadata(CHAINCODE_SOURCES, privateName, own),
  );
  if (source === null) {
    return false;
  }
  const approvedPackage = await during(`could not deserialize chaincode package for ${privateName}`, () =>
    readLocalPackage(privateName, source, own),
  );
  return approvedPackage === packageId;
}

function refuse(message: string): never {
  throw new LifecycleError('refused', message);
}
