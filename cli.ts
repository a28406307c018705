import { Command } from 'commander';
import { ConfigError } from '#config/loadOptions.ts';
import { doctorCommand } from './cli/commands/doctor.ts';
import { importCommand } from './cli/commands/import.ts';
import { ledgerCommand } from './cli/commands/ledger.ts';
import { networkCommand } from './cli/commands/network.ts';
import { ordererCommand, peerCommand } from './cli/commands/nodes.ts';
import { collectCommand, serveCommand, startCommand } from './cli/commands/start.ts';
import { storeCommand } from './cli/commands/store.ts';
import { traceCommand, tracesCommand } from './cli/commands/trace.ts';
import { FTL_VERSION } from './cli/version.ts';

/** Parses the arguments and runs the command; returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  // `ftl traces | head`: the reader has what it wanted.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const program = new Command('ftl')
    .description("Show every transaction's way through a Hyperledger Fabric network")
    .version(FTL_VERSION)
    .showHelpAfterError('(add --help for the options and examples)')
    .addHelpText(
      'after',
      '\nBegin with `ftl start`: it runs a network on this machine and shows it. `ftl COMMAND --help` shows examples.',
    );
  for (const command of [
    startCommand(),
    collectCommand(),
    serveCommand(),
    traceCommand(),
    tracesCommand(),
    importCommand(),
    storeCommand(),
    ledgerCommand(),
    networkCommand(),
    peerCommand(),
    ordererCommand(),
    doctorCommand(),
  ])
    program.addCommand(command);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    process.stderr.write(`ftl: ${explain(error)}\n`);
    return 1;
  }
}

/** What a user can act on is said in a sentence; anything else is a defect of ours and keeps its stack. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof Error && 'code' in error) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
