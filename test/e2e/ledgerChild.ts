/** For tests: imports the blocks of a folder into a ledger until it is done or killed; tells each block that is in. */
import { importBlocks } from '../../cli/ledger/importBlocks.ts';

const [ledger, blocks, state, overlap] = process.argv.slice(2) as [string, string, 'leveldb' | 'memory', string];
process.stdout.write('open\n');
await importBlocks({
  ledger,
  paths: [blocks],
  state,
  overlap: overlap === 'true',
  signal: new AbortController().signal,
  onBlock: ({ number, commitHash }) => {
    process.stdout.write(`${number} ${commitHash === null ? '' : Buffer.from(commitHash).toString('hex')}\n`);
  },
});
