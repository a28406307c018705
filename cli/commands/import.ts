import { Command } from 'commander';
import type { ImportProgress } from '#collector/sources/importFiles.ts';
import { addOptions, optionsOf, STORE_OPTIONS } from '../commandOptions.ts';
import { createLogger } from '../logger.ts';

const MEBIBYTE = 1024 * 1024;
/** Files left out that are named; of more only the number is told. */
const SHOWN_SKIPPED = 5;

export function importCommand(): Command {
  const command = new Command('import')
    .description('Read log files and blocks once into the store')
    .argument('<files...>', 'log files, block files or folders of them; .gz too')
    .option('--quiet', 'no progress bar');
  addOptions(command, [...STORE_OPTIONS, 'nodes', 'format', 'deadLetters', 'checkRecords', 'logLevel'])
    .addHelpText(
      'after',
      `
Examples:
  ftl import --store sqlite:audit.db logs/ blocks/
  ftl import --store sqlite:audit.db --nodes nodes.yaml peer0.log.gz orderer.log.gz

Importing the same file again adds nothing.`,
    )
    .action(async (files: string[]) => {
      const { options } = optionsOf(command);
      const [{ importAll }, { openStoreOf }, { Registry }, { commonCollectorOptions, deadLetterPath }] =
        await Promise.all([
          import('#collector/collector.ts'),
          import('../storeOf.ts'),
          import('prom-client'),
          import('../embedded.ts'),
        ]);
      const store = await openStoreOf(options);
      const bar = await progressBar(command.opts().quiet === true);
      const abort = new AbortController();
      const onSignal = (): void => abort.abort();
      process.once('SIGINT', onSignal);
      process.once('SIGTERM', onSignal);
      try {
        const result = await importAll(
          {
            paths: files,
            ...commonCollectorOptions(options),
            signal: abort.signal,
            onProgress: (progress) => bar.update(progress),
          },
          { store, logger: createLogger(options.logLevel), registry: new Registry() },
        );
        bar.stop();
        const { traces } = await store.info();
        process.stdout.write(
          `${result.logs} logs, ${result.lines} lines, ${result.blocks} blocks: ${result.added} new records, ${result.known} known already; ${traces} traces in ${options.store}\n`,
        );
        if (result.deadLetters > 0)
          process.stdout.write(`${result.deadLetters} lines could not be decoded: see ${deadLetterPath(options)}\n`);
        for (const path of result.skipped.slice(0, SHOWN_SKIPPED))
          process.stderr.write(`${path}: neither a log nor a block, left out\n`);
        const unnamed = result.skipped.length - SHOWN_SKIPPED;
        if (unnamed > 0) process.stderr.write(`and ${unnamed} more files that are neither\n`);
        for (const { file, reason } of result.errors) process.stderr.write(`${file}: ${reason}\n`);
        if (result.errors.length > 0) process.exitCode = 1;
      } finally {
        bar.stop();
        await store.close();
      }
    });
  return command;
}

/** A bar where somebody watches, nothing in a pipe. */
async function progressBar(quiet: boolean): Promise<{ update(progress: ImportProgress): void; stop(): void }> {
  if (quiet || !process.stderr.isTTY) return { update() {}, stop() {} };
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({
    format: '{bar} {percentage}%  {value} of {total} MiB  file {files} of {filesTotal}  {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
  });
  bar.start(1, 0, { files: 0, filesTotal: 0 });
  return {
    update({ bytes, bytesTotal, files, filesTotal }) {
      bar.setTotal(Math.max(1, Math.ceil(bytesTotal / MEBIBYTE)));
      bar.update(Math.floor(bytes / MEBIBYTE), { files, filesTotal });
    },
    stop: () => bar.stop(),
  };
}
