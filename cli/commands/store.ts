import { Command } from 'commander';
import { ConfigError } from '#config/loadOptions.ts';
import { StoreError } from '#trace/store/errors.ts';
import { addOptions, optionsOf, STORE_OPTIONS } from '../commandOptions.ts';
import type { CopyPhase } from '../store/copyStore.ts';

export function storeCommand(): Command {
  return new Command('store').description('Work on stores as a whole').addCommand(copyCommand());
}

const ACCESS = STORE_OPTIONS.filter((key) => key !== 'store');

function copyCommand(): Command {
  const command = new Command('copy')
    .description('Copy all records and checkpoints of a store into another, and compare them')
    .requiredOption('--from <url>', 'store to copy from, as for --store of other commands; nothing is written into it')
    .requiredOption('--to <url>', 'store to copy into; made if it is not there, and what it holds stays')
    .option('--quiet', 'no progress bar');
  addOptions(command, ACCESS)
    .addHelpText(
      'after',
      `
Examples:
  ftl store copy --from sqlite:ftl-data/ftl.db --to elasticsearch:http://127.0.0.1:9200
  FTL_ELASTICSEARCH_API_KEY=... ftl store copy --from elasticsearch:https://es.example.com:9200/ftl --to sqlite:audit.db

A copy that was cut off goes on where it stopped when the same command is given again. At its end, all records of both stores are
read and compared by number and hash. Stop what collects into the source first; the target's checkpoints then let a collector go
on there.`,
    )
    .action(async () => {
      const { from, to, quiet } = command.opts<{ from: string; to: string; quiet?: boolean }>();
      await copy(command, from, to, quiet === true);
    });
  return command;
}

async function copy(command: Command, from: string, to: string, quiet: boolean): Promise<void> {
  const { options } = optionsOf(command, ACCESS);
  if (from === to) throw new ConfigError('--from and --to are the same store.');
  const [{ copyStore }, { openStoreOf }] = await Promise.all([
    import('../store/copyStore.ts'),
    import('../storeOf.ts'),
  ]);
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const source = await openStoreOf({ ...options, store: from }, { readOnly: true, mustExist: true });
  try {
    const target = await openStoreOf({ ...options, store: to });
    const bar = await progressBar(quiet);
    try {
      const result = await copyStore(source, target, {
        signal: abort.signal,
        onProgress: (phase, done, total) => bar.update(phase, done, total),
      });
      bar.stop();
      const resumed = result.resumedAt === 0 ? '' : ` after ${result.resumedAt} of an earlier run`;
      process.stdout.write(
        `${result.added} records copied${resumed}, ${result.known} known already, ${result.checkpoints} checkpoints\n` +
          `compared: ${result.records} records, hash ${result.hash}, the same in both${result.others === 0 ? '' : `; ${result.others} others in ${to}`}\n` +
          (result.late === 0
            ? ''
            : `${result.late} of them came into ${from} meanwhile: stop what collects into it, and copy again to have the rest\n`),
      );
    } catch (error) {
      throw withHint(error);
    } finally {
      bar.stop();
      await target.close();
    }
  } finally {
    await source.close();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** Of what passes. */
function withHint(error: unknown): unknown {
  if (!(error instanceof StoreError) || !['io', 'busy', 'disk_full'].includes(error.code)) return error;
  return new StoreError(error.code, `${error.message} The same command goes on from where it was.`, { cause: error });
}

interface Bar {
  update(phase: CopyPhase, done: number, total: number): void;
  stop(): void;
}

/** A bar where somebody watches, nothing in a pipe; a few times a second. */
async function progressBar(quiet: boolean): Promise<Bar> {
  if (quiet || !process.stderr.isTTY) return { update() {}, stop() {} };
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({
    format: '{phase} {bar} {percentage}%  {value} of {total}  {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
  });
  let shown: CopyPhase | null = null;
  return {
    update(phase, done, total) {
      if (phase !== shown) {
        bar.stop();
        bar.start(Math.max(1, total), 0, { phase });
        shown = phase;
      }
      bar.setTotal(Math.max(1, total));
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}
