import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import type { CommittedBlock } from '#node/commit/blockStages.ts';

const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'));
const printLine = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

const ledgerOption = (): Option => new Option('--ledger <dir>', 'folder of the ledger').makeOptionMandatory();
const channelOption = (): Option => new Option('--channel <name>', 'which channel, where the folder holds several');

export function ledgerCommand(): Command {
  return new Command('ledger')
    .description('Build, check and read a ledger out of blocks')
    .addCommand(importCommand())
    .addCommand(verifyCommand())
    .addCommand(showCommand())
    .addCommand(snapshotCommand());
}

function importCommand(): Command {
  const command = new Command('import')
    .description('Validate blocks as a peer does and commit them to a ledger')
    .argument('<blocks...>', 'block files, or folders of them (*.pb, *.block); .gz too; one block a file')
    .addOption(ledgerOption())
    .addOption(
      new Option('--state <kind>', 'where the world state lives; memory: made anew from the blocks at each start')
        .choices(['leveldb', 'memory'])
        .default('leveldb'),
    )
    .option('--no-pipeline', 'validate each block only when the one before is committed')
    .option('--json', 'a line a block: {number, hash, commitHash, codes}')
    .option('--quiet', 'no progress bar')
    .addHelpText(
      'after',
      `
Examples:
  ftl ledger import --ledger audit/ blocks/
  ftl ledger import --ledger audit/ --json genesis.block more/*.pb.gz | jq .codes

A new ledger begins with block 0: the channel and its organisations come from there, so make sure that you trust it. Files are
taken in the order of the numbers in their names; blocks that the ledger has already are passed over, so that an import that was
interrupted goes on where it ended.

Exit status: 0 all blocks are in the ledger (whatever the codes of their transactions), 1 a block was refused: it and what follows
are not in the ledger, the message says why.`,
    )
    .action(async (paths: string[]) => {
      const options = command.opts<{
        ledger: string;
        state: 'leveldb' | 'memory';
        pipeline: boolean;
        json?: boolean;
        quiet?: boolean;
      }>();
      const { importBlocks } = await import('../ledger/importBlocks.ts');
      const { startVerificationThreads } = await import('#node/crypto/verify.ts');
      const bar = await progressBar(options.quiet === true || (options.json === true && process.stdout.isTTY));
      const abort = new AbortController();
      process.once('SIGINT', () => abort.abort());
      process.once('SIGTERM', () => abort.abort());
      try {
        startVerificationThreads(availableParallelism());
        const result = await importBlocks({
          ledger: options.ledger,
          paths,
          state: options.state,
          overlap: options.pipeline,
          signal: abort.signal,
          onStart: ({ height, files }) => bar.start(Math.max(files, height), height),
          onBlock: (block) => {
            bar.update(block.number + 1);
            if (options.json === true) printLine(blockLine(block));
          },
        });
        bar.stop();
        if (options.json !== true) {
          const codes = [...result.codes].map(([name, count]) => `${count} ${name}`).join(', ') || 'none';
          process.stdout.write(
            `${result.channelId}: ${result.added} blocks added, ${result.known} known already, height ${result.height}; transactions: ${codes}\n`,
          );
        }
        if (abort.signal.aborted) process.exitCode = 130;
      } finally {
        bar.stop();
      }
    });
  return command;
}

function blockLine(block: CommittedBlock): object {
  return {
    number: block.number,
    hash: hex(block.hash),
    commitHash: hex(block.commitHash),
    codes: block.transactions.map(({ codeName }) => codeName),
  };
}

function verifyCommand(): Command {
  const command = new Command('verify')
    .description("Check a ledger, ours or a Go peer's, from its first block on")
    .addOption(ledgerOption())
    .addOption(channelOption())
    .addOption(
      new Option('--state <kind>', 'where the state is rebuilt meanwhile')
        .choices(['leveldb', 'memory'])
        .default('memory'),
    )
    .option('--json', 'print the result as JSON')
    .option('--quiet', 'no progress bar')
    .addHelpText(
      'after',
      `
Examples:
  ftl ledger verify --ledger audit/
  ftl ledger verify --ledger /var/hyperledger/production/ledgersData --channel mychannel

Nothing is written to a Go peer's folder; its peer may be running. What is checked: the chain of hashes, the orderers' signatures,
every transaction's code and the commit hashes (decided again from scratch), and of a ledger of ours the state, key by key.

Exit status: 0 all is as it must be, 1 something is not.`,
    )
    .action(async () => {
      const options = command.opts<{
        ledger: string;
        channel?: string;
        state: 'leveldb' | 'memory';
        json?: boolean;
        quiet?: boolean;
      }>();
      const { verifyFolder, discrepancyText } = await import('../ledger/verifyFolder.ts');
      const bar = await progressBar(options.quiet === true);
      const { startVerificationThreads } = await import('#node/crypto/verify.ts');
      try {
        startVerificationThreads(availableParallelism());
        const result = await verifyFolder(options, {
          onStart: (height) => bar.start(height, 0),
          onBlock: (number) => bar.update(number + 1),
        });
        bar.stop();
        if (options.json === true) print(result);
        else {
          for (const one of result.discrepancies) process.stdout.write(`${discrepancyText(one)}\n`);
          if (result.more > 0) process.stdout.write(`… and ${result.more} more\n`);
          const state = result.keys === null ? 'no state to compare' : `${result.keys} keys of the state are the same`;
          process.stdout.write(
            `${result.channelId}: ${result.blocks} blocks, ${result.transactions} transactions checked; ${state}; ${
              result.discrepancies.length === 0 ? 'all is as it must be' : 'NOT all is as it must be'
            }\n`,
          );
        }
        if (result.discrepancies.length > 0) process.exitCode = 1;
      } finally {
        bar.stop();
      }
    });
  return command;
}

function snapshotCommand(): Command {
  const command = new Command('snapshot')
    .description('Write a snapshot of a ledger, or begin one with it')
    .argument('<folder>', 'the snapshot: a folder that is not there yet; with --join one that is')
    .addOption(ledgerOption())
    .addOption(channelOption())
    .option('--join', "make a new ledger from the snapshot, ours or a Go peer's")
    .addHelpText(
      'after',
      `
Examples:
  ftl ledger snapshot --ledger audit/ snapshot-82/
  ftl ledger snapshot --ledger new/ --join snapshot-82/

Files and hashes are those of Fabric: two peers at the same block write the same. Compare snapshot_hash with theirs before you
join from one.`,
    )
    .action(async (folder: string) => {
      const options = command.opts<{ ledger: string; channel?: string; join?: boolean }>();
      const { joinSnapshot, writeSnapshot } = await import('../ledger/snapshotLedger.ts');
      print(options.join === true ? await joinSnapshot(options.ledger, folder) : await writeSnapshot(options, folder));
    });
  return command;
}

function showCommand(): Command {
  // On `show` itself, so that they may stand before or behind the part's name.
  const show = new Command('show')
    .description('Print parts of a ledger as JSON')
    .addOption(new Option('--ledger <dir>', 'folder of the ledger'))
    .addOption(channelOption());
  show.addHelpText(
    'after',
    `
Examples:
  ftl ledger show --ledger audit/ info
  ftl ledger show --ledger audit/ block 67
  ftl ledger show --ledger audit/ tx 0c96506175d5a49156503097033b35ac33a5cd877264437dca27da041504ea9f
  ftl ledger show --ledger audit/ state basic | jq -r .key
  ftl ledger show --ledger audit/ history basic asset0
  ftl ledger show --ledger audit/ config

All but history also read a Go peer's folder.`,
  );
  const part = (name: string, description: string): Command => show.command(name).description(description);
  const given = (): ShowOptions => {
    const options = show.opts<Partial<ShowOptions>>();
    if (options.ledger === undefined) show.error("error: required option '--ledger <dir>' not specified");
    return options as ShowOptions;
  };
  part('info', 'height and hashes').action(async () => print(await (await showRoom()).showInfo(given())));
  part('block', 'one block')
    .argument('<block>', 'its number, its hash, or `last`')
    .action(async (block: string) => print(await (await showRoom()).showBlock(given(), block)));
  part('tx', 'one transaction with what it read and wrote')
    .argument('<txid>', 'transaction ID')
    .action(async (txId: string) => print(await (await showRoom()).showTransaction(given(), txId)));
  part('state', 'keys of a namespace in order, a line each: {key, value, version}')
    .argument('<namespace>', "the chaincode's name")
    .argument('[key]', 'only this key')
    .action(async (namespace: string, key: string | undefined) => {
      for await (const line of (await showRoom()).showState(given(), namespace, key)) printLine(line);
    });
  part('history', 'writes of a key, newest first, a line each')
    .argument('<namespace>', "the chaincode's name")
    .argument('<key>', 'the key')
    .action(async (namespace: string, key: string) => {
      for await (const line of (await showRoom()).showHistory(given(), namespace, key)) printLine(line);
    });
  part('config', "the channel's configuration in force").action(async () =>
    print(await (await showRoom()).showConfig(given())),
  );
  return show;
}

/** Loaded when it is needed: most commands start without the node's rooms. */
const showRoom = () => import('../ledger/showLedger.ts');

interface ShowOptions {
  readonly ledger: string;
  readonly channel?: string;
}

/** A bar where somebody watches, nothing in a pipe. */
async function progressBar(
  quiet: boolean,
): Promise<{ start(total: number, value: number): void; update(value: number): void; stop(): void }> {
  if (quiet || !process.stderr.isTTY) return { start() {}, update() {}, stop() {} };
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({
    format: '{bar} {percentage}%  block {value} of {total}  {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
  });
  return {
    start: (total, value) => bar.start(total, value),
    update: (value) => bar.update(value),
    stop: () => bar.stop(),
  };
}
