import { CORE_KEYS } from './coreKeys.ts';
import type { KeyTable } from './keySpec.ts';
import { ORDERER_KEYS } from './ordererKeys.ts';

/** `docs/reference/node-configuration.md`, made of the tables that the nodes read by. */
export function nodeConfigurationPage(): string {
  return `<!-- Made by \`npm run docs\` from config/fabric/coreKeys.ts and ordererKeys.ts; a test proves it current. -->
# Configuration of peers and orderers

\`ftl peer node start\` and \`ftl orderer start\` read Fabric's own files, \`core.yaml\` and \`orderer.yaml\`, in the folder that \`FABRIC_CFG_PATH\` names (else
the working folder, else \`/etc/hyperledger/fabric\`). Environment variables come before the file: \`CORE_PEER_LISTENADDRESS\` is \`peer.listenAddress\`. Names are taken
in any case. Keys that are not in these tables are named in a warning. Defaults are those of Fabric 3.1's sample files.

A key is *used* as in Fabric, or has *no effect* here, or is *refused* when it has another value than the default. Keys below \`ftl\` are ours.

## core.yaml

${table(CORE_KEYS)}

## orderer.yaml

${table(ORDERER_KEYS)}
`;
}

function table(keys: KeyTable): string {
  const rows = Object.entries(keys).map(([key, { kind, fallback, state, note }]) => {
    const given = fallback === null || fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``;
    return `| \`${key}\` | ${kind} | ${given} | ${state} | ${note ?? ''} |`;
  });
  return ['| key | kind | default | state | |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}
