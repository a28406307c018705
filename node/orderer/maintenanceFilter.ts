import type { ChannelBundle } from '#node/channel/bundle.ts';
import { ChannelError } from '#node/channel/channelError.ts';
import { sameBytes } from '#node/channel/configGroup.ts';
import { decodeConfigUpdate, updateOfEnvelope } from '#node/channel/configUpdate.ts';
import type { OrdererSection } from '#node/channel/ordererSection.ts';
import { OrdererError } from './ordererError.ts';

/** What a change of configuration would do. */
export interface ConfigChange {
  readonly now: ChannelBundle;
  readonly next: ChannelBundle;
  /** The serialised `common.Envelope` of type CONFIG_UPDATE that led to it. */
  readonly update: Uint8Array;
}

/**
 * The rules by which the consensus type changes: into maintenance, the type, out of it, each in an update of its own (Fabric,
 * `msgprocessor.MaintenanceFilter`).
 * @param permittedTypes consensus types that a channel may be moved to
 * @throws OrdererError `config_rejected`
 */
export function checkMaintenance({ now, next, update }: ConfigChange, permittedTypes: ReadonlySet<string>): void {
  const from = sectionOf(now, 'current');
  const to = sectionOf(next, 'next');
  if (!from.capabilities.consensusTypeMigration) {
    if (to.maintenance) {
      throw fail(
        'next config attempted to change ConsensusType.State to STATE_MAINTENANCE, but capability is disabled',
      );
    }
    if (from.consensusType !== to.consensusType) {
      throw fail(
        `next config attempted to change ConsensusType.Type from ${from.consensusType} to ${to.consensusType}, but capability is disabled`,
      );
    }
    return;
  }
  if (from.maintenance !== to.maintenance) {
    const other = otherChanges(update);
    if (other !== null) {
      throw fail(other);
    }
    const states = `ConsensusType.State is changing from ${stateOf(from)} to ${stateOf(to)}`;
    if (from.consensusType !== to.consensusType) {
      throw fail(
        `attempted to change ConsensusType.Type from ${from.consensusType} to ${to.consensusType}, but ${states}`,
      );
    }
    if (!sameBytes(from.consensusMetadata, to.consensusMetadata)) {
      throw fail(`attempted to change ConsensusType.Metadata, but ${states}`);
    }
  }
  if (from.consensusType !== to.consensusType) {
    const attempt = `attempted to change consensus type from ${from.consensusType} to ${to.consensusType}`;
    if (!from.maintenance) {
      throw fail(`${attempt}, but current config ConsensusType.State is not in maintenance mode`);
    }
    if (!to.maintenance) {
      throw fail(`${attempt}, but next config ConsensusType.State is not in maintenance mode`);
    }
    if (!permittedTypes.has(to.consensusType)) {
      throw fail(`${attempt}, transition not supported`);
    }
  }
}

function sectionOf(bundle: ChannelBundle, which: string): OrdererSection {
  if (bundle.orderer === null) {
    throw new OrdererError('config_rejected', `${which} config is missing orderer group`);
  }
  return bundle.orderer;
}

function stateOf({ maintenance }: OrdererSection): string {
  return maintenance ? 'STATE_MAINTENANCE' : 'STATE_NORMAL';
}

/** What the update changes beside the consensus type; null where nothing. */
function otherChanges(update: Uint8Array): string | null {
  try {
    const { writeSet } = decodeConfigUpdate(updateOfEnvelope(update).configUpdate);
    if (writeSet === null || writeSet.groups.size === 0) {
      return 'config update contains no changes';
    }
    if (writeSet.values.size > 0) {
      return 'config update contains changes to values in group Channel';
    }
    if (writeSet.groups.size > 1) {
      return 'config update contains changes to more than one group';
    }
    const group = writeSet.groups.get('Orderer');
    if (group === undefined) {
      return 'update does not contain the Orderer group';
    }
    if (group.groups.size > 0) {
      return 'config update contains changes to groups within the Orderer group';
    }
    if (!group.values.has('ConsensusType')) {
      return 'config update does not contain the ConsensusType value';
    }
    return group.values.size > 1
      ? 'config update contain more then just the ConsensusType value in the Orderer group'
      : null;
  } catch (error) {
    if (error instanceof ChannelError) {
      return `config update unmarshalling error: ${error.message}`;
    }
    throw error;
  }
}

function fail(detail: string): OrdererError {
  return new OrdererError('config_rejected', `config transaction inspection failed: ${detail}`);
}
