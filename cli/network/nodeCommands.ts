import { fileURLToPath } from 'node:url';
import type { NodeCommands } from '#node/network/nodeProcesses.ts';

/** The nodes run in processes of this very program. */
export const NODE_COMMANDS: NodeCommands = {
  program: process.execPath,
  args: [fileURLToPath(new URL('../../bin/ftl.js', import.meta.url))],
};
