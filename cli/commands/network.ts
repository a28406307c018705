import { Command, InvalidArgumentError, Option } from 'commander';
import { wholeNumber } from '../commandOptions.ts';

/** Where a network is made, and looked for: `ftl start` has its own there. */
export const DEFAULT_FOLDER = 'ftl-data/network';

/** Timers take no more than some weeks. */
const MAX_TIMEOUT_S = 1_000_000;

const folderOption = (): Option => new Option('--dir <folder>', "the network's folder").default(DEFAULT_FOLDER);
const jsonOption = (): Option => new Option('--json', 'JSON instead of text');

export function networkCommand(): Command {
  return new Command('network')
    .description('Make, run and load a Fabric network on this machine: no container, no root')
    .addCommand(createCommand())
    .addCommand(upCommand())
    .addCommand(downCommand())
    .addCommand(statusCommand())
    .addCommand(logsCommand())
    .addCommand(loadCommand())
    .addHelpText(
      'after',
      `
Begin with \`ftl network up\`: it makes a network of two organisations with two peers each and one orderer, with a channel and a
chaincode, and starts it.`,
    );
}

function createCommand(): Command {
  const command = new Command('create')
    .description('Make identities, genesis blocks and configuration, without starting anything')
    .addOption(folderOption())
    .option('--layout <file>', 'YAML: organisations, peers, orderers, channels, chaincodes, ports')
    .addHelpText(
      'after',
      `
Examples:
  ftl network create
  ftl network create --dir bank --layout bank.yaml

A layout, all of whose parts may be left out (port 0 takes a free one):
  organizations:
    - { name: Orderer, domain: example.com, orderers: [{ name: orderer, port: 7050 }] }
    - { name: Org1, peers: 2, users: 3 }
    - { name: Org2, mspId: Org2MSP, domain: org2.example.com, peers: [{ port: 9051, operationsPort: 0 }] }
  channels:
    - { name: mychannel, organizations: [Org1, Org2], capabilities: { channel: V3_0 }, batch: { timeout: 500ms, maxMessageCount: 100 } }
  chaincodes:
    - { name: assets }                                                       the sample that comes with FTL
    - { name: loans, path: chaincode/loans, run: peer, policy: "OR('Org1MSP.peer')" }`,
    )
    .action(async () => {
      const { dir, layout } = command.opts<{ dir: string; layout?: string }>();
      const { createCommandRun } = await import('../network/create.ts');
      await createCommandRun(dir, layout);
    });
  return command;
}

function upCommand(): Command {
  const command = new Command('up')
    .description('Start the network, join its channels and deploy its chaincodes; what is done already is passed over')
    .addOption(folderOption())
    .option('--layout <file>', 'as for create, where there is no network in the folder yet')
    .addHelpText(
      'after',
      `
Examples:
  ftl network up
  ftl network up --dir bank --layout bank.yaml

The nodes run on when the command has ended: \`ftl network down\` ends them, and the next \`up\` continues their ledgers.`,
    )
    .action(async () => {
      const { dir, layout } = command.opts<{ dir: string; layout?: string }>();
      const { upCommandRun } = await import('../network/up.ts');
      await upCommandRun(dir, layout);
    });
  return command;
}

function downCommand(): Command {
  const command = new Command('down')
    .description('End every process of the network; ledgers and identities stay')
    .addOption(folderOption())
    .addHelpText('after', '\nExample:\n  ftl network down --dir bank')
    .action(async () => {
      const { downCommandRun } = await import('../network/down.ts');
      await downCommandRun(command.opts<{ dir: string }>().dir);
    });
  return command;
}

function statusCommand(): Command {
  const command = new Command('status')
    .description('What every node does: process, channels, heights, chaincodes')
    .addOption(folderOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Example:
  ftl network status --json | jq '.nodes[] | {name, state}'

Exit status: 0 all nodes answer, 1 one does not.`,
    )
    .action(async () => {
      const { dir, json } = command.opts<{ dir: string; json?: boolean }>();
      const { statusCommandRun } = await import('../network/status.ts');
      process.exitCode = (await statusCommandRun(dir, json === true)) ? 0 : 1;
    });
  return command;
}

function logsCommand(): Command {
  const command = new Command('logs')
    .description('What the nodes print')
    .argument('[node]', 'name, or a part of it; left out: all')
    .addOption(folderOption())
    .option('--lines <number>', 'from the end of each', wholeNumber(0, 100_000), 20)
    .option('--follow', 'go on with what comes')
    .addHelpText('after', '\nExamples:\n  ftl network logs\n  ftl network logs peer0.org1 --follow')
    .action(async (node: string | undefined) => {
      const { dir, lines, follow } = command.opts<{ dir: string; lines: number; follow?: boolean }>();
      const { logsCommandRun } = await import('../network/logs.ts');
      await logsCommandRun(dir, { node: node ?? '', lines, follow: follow === true });
    });
  return command;
}

function loadCommand(): Command {
  const command = new Command('load')
    .description('Send transactions to a network that is up, and report what came of them')
    .addOption(folderOption())
    .option('--channel <name>', "default: the network's first")
    .option('--chaincode <name>', "default: the channel's first that is the sample")
    .option('--rate <number>', 'operations a second; 0: as many as can be', numberFrom(0), 50)
    .option('--in-flight <number>', 'operations at a time', wholeNumber(1, 10_000), 100)
    .option('--count <number>', 'end after so many operations', wholeNumber(1, 1_000_000_000))
    .option('--duration <seconds>', 'end after so long; default 30 where there is no count', numberFrom(0))
    .option('--mix <weights>', 'such as create=80,read=20; `--mix help` lists the operations')
    .option('--timeout <seconds>', 'for each transaction, until it is in a block', numberFrom(0, MAX_TIMEOUT_S), 30)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  ftl network load --rate 20 --duration 60
  ftl network load --rate 0 --in-flight 100 --count 5000 --mix create=1 --json

Exit status: 0 the load was sent (whatever came of it), 1 it could not be.`,
    )
    .action(async () => {
      const { loadCommandRun } = await import('../network/load.ts');
      await loadCommandRun(command.opts());
    });
  return command;
}

function numberFrom(minimum: number, maximum = Number.MAX_VALUE): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < minimum) {
      throw new InvalidArgumentError(`a number from ${minimum} on.`);
    }
    if (value > maximum) {
      throw new InvalidArgumentError(`at most ${maximum}.`);
    }
    return value;
  };
}
