import { msp, type peer } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { ChaincodeDefinitions } from '#node/commit/chaincodeDefinitions.ts';
import type { CollectionNames } from '#node/ledger/simulator/queryExecutor.ts';
import { implicitCollection, LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';

const { Classification } = msp.MSPPrincipal;

/**
 * Whether an organisation's peers should have a collection's data, by the policy of its members: one that names the organisation in
 * any of its principals (Fabric, gossip/privdata `computeEligibility`).
 */
export function isMember(mspId: string, collection: peer.StaticCollectionConfig): boolean {
  const principals = collection.getMemberOrgsPolicy()?.getSignaturePolicy()?.getIdentitiesList() ?? [];
  return principals.some((principal) => organizationOf(principal) === mspId);
}

/** Null for a principal that names none. */
function organizationOf(principal: msp.MSPPrincipal): string | null {
  const bytes = principal.getPrincipal_asU8();
  try {
    switch (principal.getPrincipalClassification()) {
      case Classification.ROLE:
        return decodeMessage(msp.MSPRole, bytes, 'common.MSPRole').getMspIdentifier();
      case Classification.ORGANIZATION_UNIT:
        return decodeMessage(msp.OrganizationUnit, bytes, 'common.OrganizationUnit').getMspIdentifier();
      case Classification.IDENTITY:
        return IdentityView.fromBytes(bytes).mspId;
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof ProtoError) {
      return null;
    }
    throw error;
  }
}

/**
 * The collections that a chaincode's code may name: those of its definition and one for each organisation of the channel. Null for a
 * name that the channel did not define (Fabric, core/chaincode/lifecycle `ValidatorCommitter`).
 */
export function collectionNames(bundle: () => ChannelBundle): CollectionNames {
  return async (namespace, state) => {
    const definition = namespace === LIFECYCLE_NAMESPACE ? null : await new ChaincodeDefinitions(state).find(namespace);
    if (namespace !== LIFECYCLE_NAMESPACE && (definition === null || definition.legacy)) {
      return null;
    }
    const implicit = (bundle().application?.organizations ?? []).map(({ mspId }) => implicitCollection(mspId));
    return new Set([...(definition?.collections.keys() ?? []), ...implicit]);
  };
}
