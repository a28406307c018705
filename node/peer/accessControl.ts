import { msp } from '@hyperledger/fabric-protos';
import { localPolicyFor } from '#node/channel/aclResources.ts';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { MspError } from '#node/msp/mspError.ts';
import type { MspIdentity } from '#node/msp/mspIdentity.ts';
import type { X509Identity } from '#node/msp/x509Identity.ts';
import type { X509Msp } from '#node/msp/x509Msp.ts';
import type { Policy, PolicyVerdict, SignedData } from '#node/policy/policy.ts';

const { MSPRole, MSPPrincipal } = msp;
const { ADMIN, MEMBER } = MSPRole.MSPRoleType;

/**
 * Why somebody may not use a resource.
 *
 * - `unknown_resource`: no policy guards it, so that nobody may;
 * - `no_channel`: a channel's policy guards it, and no channel was named;
 * - `denied`: the signature does not hold, or its maker is not among those who may.
 */
export type AccessErrorCode = 'unknown_resource' | 'no_channel' | 'denied';

/** The one error of {@link AccessControl}. Messages are worded as Fabric words them; what there is to say beyond that is the cause. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code: AccessErrorCode;
  readonly resource: string;

  constructor(code: AccessErrorCode, resource: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.resource = resource;
  }
}

/** A channel as far as its configuration guards it. */
export interface GuardedChannel {
  readonly channelId: string;
  readonly bundle: ChannelBundle;
}

/** What comes as a proposal, and what comes as a signed request, Go refuses in other words. */
const OF_PROPOSAL = {
  unreadable: 'Failed deserializing proposal creator',
  unsatisfied: "Failed verifying that proposal's creator",
} as const;
const OF_REQUEST = {
  unreadable: 'failed deserializing signed data identity',
  unsatisfied: 'failed verifying that the signed data identity',
} as const;

/**
 * Who may use what on this peer: resources of the node by role in its own organisation, resources of a channel by the policy that the
 * channel's configuration names, or Fabric's default (core/aclmgmt, core/policy).
 */
export class AccessControl {
  readonly #localMsp: X509Msp;

  constructor(modules: { readonly localMsp: X509Msp }) {
    this.#localMsp = modules.localMsp;
  }

  /**
   * @param channel null for a request outside any channel. A resource of the node is checked against the local MSP either way.
   * @param verified who signed, where the caller has checked that already with the MSPs of this very channel: it is not done again
   * @throws AccessError
   */
  async check(
    resource: string,
    channel: GuardedChannel | null,
    signed: SignedData,
    verified?: MspIdentity,
  ): Promise<void> {
    const role = localPolicyFor(resource);
    if (role !== null) {
      await this.#checkLocal(resource, role, signed);
    } else if (channel === null) {
      throw new AccessError(
        'no_channel',
        resource,
        'Invalid channel ID name during check policy on signed data. Name must be different from nil.',
      );
    } else {
      await checkChannel(resource, channel, signed, verified);
    }
  }

  async #checkLocal(resource: string, policy: 'Admins' | 'Members', signed: SignedData): Promise<void> {
    const words = resource.startsWith('snapshot/') ? OF_REQUEST : OF_PROPOSAL;
    const during = `during channelless check policy with policy [${policy}]`;
    let identity: X509Identity;
    try {
      identity = this.#localMsp.deserializeIdentity(signed.identity);
    } catch (cause) {
      if (!(cause instanceof MspError)) {
        throw cause;
      }
      const message = `${words.unreadable} ${during}: [${this.#whyUnreadable(cause)}]`;
      throw new AccessError('denied', resource, message, { cause });
    }
    const reason = identity.satisfies(this.#principal(policy === 'Admins' ? ADMIN : MEMBER));
    if (reason !== null) {
      throw new AccessError(
        'denied',
        resource,
        `${words.unsatisfied} satisfies local MSP principal ${during}: [${reason}]`,
      );
    }
    if (!(await identity.verify(signed.data, signed.signature))) {
      throw new AccessError('denied', resource, 'The signature is invalid');
    }
  }

  /** In Go's words (msp/mspimpl.go). */
  #whyUnreadable({ code, mspId, message }: MspError): string {
    switch (code) {
      case 'unknown_msp':
        return `expected MSP ID ${this.#localMsp.mspId}, received ${mspId ?? ''}`;
      case 'bad_pem':
        return 'could not decode the PEM structure';
      case 'bad_certificate':
        return `parseCertificate failed: ${message}`;
      case 'malformed':
        return `could not deserialize a SerializedIdentity: ${message}`;
      default:
        return message;
    }
  }

  #principal(role: (typeof MSPRole.MSPRoleType)[keyof typeof MSPRole.MSPRoleType]): msp.MSPPrincipal {
    const value = new MSPRole();
    value.setMspIdentifier(this.#localMsp.mspId);
    value.setRole(role);
    const principal = new MSPPrincipal();
    principal.setPrincipalClassification(MSPPrincipal.Classification.ROLE);
    principal.setPrincipal(value.serializeBinary());
    return principal;
  }
}

async function checkChannel(
  resource: string,
  { channelId, bundle }: GuardedChannel,
  signed: SignedData,
  verified: MspIdentity | undefined,
): Promise<void> {
  const configured = bundle.application?.acls.configured.get(resource);
  const path = bundle.application?.acls.policyFor(resource) ?? null;
  if (path === null) {
    throw new AccessError('unknown_resource', resource, `Unmapped policy for ${resource}`);
  }
  const policy = bundle.policies.policy(path);
  if (configured !== undefined) {
    const denial = policy === null ? notFound(path) : await whyDenied(policy, signed, verified);
    if (denial !== null) {
      throw denied(resource, `failed evaluating policy on signed data during check policy [${path}]`, denial);
    }
    return;
  }
  const denial = await whyDenied(bundle.policies.policyOrReject(path), signed, verified);
  if (denial !== null) {
    const during = `during check policy on channel [${channelId}] with policy [${path}]`;
    throw denied(resource, `Failed evaluating policy on signed data ${during}`, denial);
  }
}

/** Why a policy does not let somebody in. */
interface Denial {
  /** In Go's words, which say little. */
  readonly refusal: string;
  /** For the node's own records. */
  readonly reason: string;
}

function notFound(path: string): Denial {
  const reason = `policy ${path} not found`;
  return { refusal: reason, reason };
}

function denied(resource: string, what: string, { refusal, reason }: Denial): AccessError {
  return new AccessError('denied', resource, `${what}: [${refusal}]`, { cause: new Error(reason) });
}

async function whyDenied(
  policy: Policy,
  signed: SignedData,
  verified: MspIdentity | undefined,
): Promise<Denial | null> {
  return verified === undefined ? denialOf(await policy.evaluate([signed])) : whyUnsatisfied(policy, verified);
}

function denialOf({ refusal, reason }: PolicyVerdict): Denial | null {
  return refusal === null ? null : { refusal, reason };
}

/** What each policy, of one configuration, said of an identity: it says the same of it as long as it is valid, which whoever verified it knows. */
const denials = new WeakMap<Policy, WeakMap<MspIdentity, Denial | null>>();

function whyUnsatisfied(policy: Policy, identity: MspIdentity): Denial | null {
  let ofPolicy = denials.get(policy);
  if (ofPolicy === undefined) {
    ofPolicy = new WeakMap();
    denials.set(policy, ofPolicy);
  }
  let denial = ofPolicy.get(identity);
  if (denial === undefined) {
    denial = denialOf(policy.evaluateIdentities([identity]));
    ofPolicy.set(identity, denial);
  }
  return denial;
}
