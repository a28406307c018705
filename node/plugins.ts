/**
 * What plugins are written with: `import … from 'fabric-ftl/plugins'`, wherever their files lie (docs/plugins.md).
 */
export {
  defaultEndorsement,
  type Endorsement,
  type EndorsementContext,
  type EndorsementPlugin,
  type EndorsementPluginFactory,
} from './endorser/endorsementPlugins.ts';
export { unpackHeaders } from './endorser/unpackProposal.ts';
export type { ValidationContext, ValidationPlugin } from './commit/validationPlugins.ts';
export { IdentityView } from './protos/serializedIdentity.ts';
