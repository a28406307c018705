import { ChannelError } from './channelError.ts';
import type { Organization } from './organizations.ts';
import type { ChannelSections } from './sections.ts';

/**
 * What no update may do, whoever signed it (Fabric, `channelconfig.Bundle.ValidateNew`): drop a section or make the channel one of
 * consortiums, change an organisation's MSP ID, change the consensus type without the capability, or go to V3_0 with orderers that
 * nobody can find.
 *
 * @throws ChannelError
 */
export function checkSuccession(
  now: Pick<ChannelSections, 'orderer' | 'application' | 'consortiums' | 'capabilities'>,
  next: Pick<ChannelSections, 'orderer' | 'application' | 'consortiums' | 'capabilities'>,
): void {
  if (now.orderer !== null) {
    const orderer = stillThere(next.orderer, 'Orderer');
    const [from, to] = [now.orderer.consensusType, orderer.consensusType];
    if (!now.capabilities.consensusTypeMigration && from !== to) {
      throw new ChannelError(
        'consensus_type_changed',
        '[Value] /Channel/Orderer/ConsensusType',
        `would change from ${from} to ${to}`,
        { words: `attempted to change consensus type from ${from} to ${to}` },
      );
    }
    if (!now.capabilities.consensusTypeBft && next.capabilities.consensusTypeBft) {
      const missing = orderer.organizations.find(({ endpoints }) => endpoints.length === 0);
      if (missing !== undefined) {
        const path = `[Group] /Channel/Orderer/${missing.name}`;
        throw new ChannelError('endpoints_missing', path, 'capability V3_0 wants the endpoints of each organisation', {
          words: `illegal orderer config update detected: endpoints of org ${missing.name} are missing`,
        });
      }
    }
    keepMspIds(now.orderer.organizations, orderer.organizations, '/Channel/Orderer', 'orderer');
  }
  if (now.application !== null) {
    const application = stillThere(next.application, 'Application');
    keepMspIds(now.application.organizations, application.organizations, '/Channel/Application', 'application');
  }
  if (now.consortiums === null) {
    if (next.consortiums !== null) {
      throw new ChannelError('section_added', '[Group] /Channel/Consortiums', 'the configuration in force has none', {
        words: 'current config has no consortiums section, but new config does',
      });
    }
    return;
  }
  const consortiums = stillThere(next.consortiums, 'Consortiums');
  for (const [name, organizations] of now.consortiums) {
    keepMspIds(organizations, consortiums.get(name) ?? [], `/Channel/Consortiums/${name}`, `consortium ${name}`);
  }
}

function stillThere<T>(section: T | null, name: string): T {
  if (section === null) {
    throw new ChannelError('section_removed', `[Group] /Channel/${name}`, 'the configuration in force has it', {
      words: `current config has ${name.toLowerCase()} section, but new config does not`,
    });
  }
  return section;
}

function keepMspIds(now: readonly Organization[], next: readonly Organization[], path: string, section: string): void {
  for (const { name, mspId } of now) {
    const after = next.find((one) => one.name === name);
    if (after !== undefined && after.mspId !== mspId) {
      const element = `[Value] ${path}/${name}/MSP`;
      throw new ChannelError('msp_id_changed', element, `MSP ID would change from ${mspId} to ${after.mspId}`, {
        words: `${section} org ${name} attempted to change MSP ID from ${mspId} to ${after.mspId}`,
      });
    }
  }
}
