import * as z from 'zod';

const PORT = z.int().min(0).max(65535);
/** 0: any free one. Left out: the usual one where it is free, else any. */
const port = PORT.optional();

const NAME = /^[A-Za-z0-9][A-Za-z0-9-]*$/;
const name = z.string().regex(NAME, 'letters, digits and hyphens only');
const domain = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*([.][a-z0-9-]+)*$/, 'a domain in lower case, such as org1.example.com');
const mspId = z.string().regex(/^[A-Za-z0-9.-]+$/, 'letters, digits, dots and hyphens only');

const peer = z.strictObject({ name: name.optional(), port, chaincodePort: port, operationsPort: port });
const orderer = z.strictObject({ name: name.optional(), port, adminPort: port, operationsPort: port });
/** Of the channel's configuration, which keeps it in 32 bits. */
const size = z.int().min(1).max(4_294_967_295).optional();
const count = z.int().min(1).max(20);

const organization = z
  .strictObject({
    name,
    mspId: mspId.optional(),
    domain: domain.optional(),
    users: z.int().min(1).max(100).optional(),
    peers: z.union([count, z.array(peer).min(1).max(20)]).optional(),
    orderers: z.union([count, z.array(orderer).min(1).max(20)]).optional(),
  })
  .refine(({ peers, orderers }) => (peers === undefined) !== (orderers === undefined), {
    error: 'either peers or orderers: one of the two, and not both',
  });

const channel = z.strictObject({
  name: z.string(),
  /** Left out: all that have peers. */
  organizations: z.array(name).min(1).optional(),
  capabilities: z
    .strictObject({
      channel: z.enum(['V2_0', 'V3_0']).optional(),
      application: z.enum(['V2_0', 'V2_5']).optional(),
    })
    .optional(),
  batch: z
    .strictObject({
      timeout: z.string().optional(),
      maxMessageCount: size,
      absoluteMaxBytes: size,
      preferredMaxBytes: size,
    })
    .optional(),
  policies: z.record(z.string(), z.string()).optional(),
  acls: z.record(z.string(), z.string()).optional(),
});

const collection = z.strictObject({
  name: z.string(),
  policy: z.string(),
  requiredPeerCount: z.int().min(0).optional(),
  maxPeerCount: z.int().min(0).optional(),
  blockToLive: z.int().min(0).optional(),
  memberOnlyRead: z.boolean().optional(),
  memberOnlyWrite: z.boolean().optional(),
});

const chaincode = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$/, 'letters and digits, joined by single hyphens or underscores'),
  version: z.string().optional(),
  sequence: z.int().min(1).optional(),
  /** Left out: all. */
  channels: z.array(z.string()).min(1).optional(),
  /** Folder of a Node chaincode; left out: the sample that comes with FTL. */
  path: z.string().optional(),
  /** `service`: started by this tool, the peers connect to it. `peer`: started by each peer from the installed package. */
  run: z.enum(['service', 'peer']).optional(),
  port,
  /** Signature policy; left out: the channel's `Endorsement`. */
  policy: z.string().optional(),
  initRequired: z.boolean().optional(),
  /** Names of plugins that the peers' `core.yaml` knows; left out: Fabric's own. */
  endorsementPlugin: z.string().min(1).optional(),
  validationPlugin: z.string().min(1).optional(),
  collections: z.array(collection).optional(),
});

export const layoutSchema = z.strictObject({
  organizations: z.array(organization).min(2).optional(),
  channels: z.array(channel).min(1).optional(),
  chaincodes: z.array(chaincode).optional(),
});

export type LayoutInput = z.infer<typeof layoutSchema>;
export type OrganizationInput = z.infer<typeof organization>;
export type CollectionInput = z.infer<typeof collection>;
export type ChannelInput = z.infer<typeof channel>;
export type ChaincodeInput = z.infer<typeof chaincode>;
