import type { LoggerRules, RuleTable } from '../rule.ts';
import { accessRules } from './access.ts';
import { broadcastRules } from './broadcast.ts';
import { consensusRules } from './consensus.ts';
import { deliverRules } from './deliver.ts';
import { endorserRules } from './endorser.ts';
import { gatewayRules } from './gateway.ts';
import { gossipRules } from './gossip.ts';
import { ledgerRules } from './ledger.ts';
import { startupRules } from './startup.ts';

/** Logger → its rules. A line of any other logger costs one look into this table. */
export const RULES: RuleTable = new Map<string, LoggerRules>(
  [
    accessRules,
    broadcastRules,
    consensusRules,
    deliverRules,
    endorserRules,
    gatewayRules,
    gossipRules,
    ledgerRules,
    startupRules,
  ].flatMap((rules) => Object.entries(rules)),
);
