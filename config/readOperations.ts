import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { parse } from 'yaml';
import { z } from 'zod';
import { ConfigError } from './loadOptions.ts';
import { flagName, type Options } from './options.ts';
import { readPem } from './readPem.ts';

/** As Prometheus' file-based discovery reads it. */
const Groups = z.array(
  z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.coerce.string()).optional() }),
);
export type OperationsGroups = z.output<typeof Groups>;

/**
 * Targets of these files, read again when one has changed, as Prometheus does it. One that cannot be used any more leaves what was
 * read of it before.
 *
 * @param make what becomes of the lists; throws RangeError for one that cannot be used
 * @param onProblem told once of each change after which a file cannot be used
 * @throws ConfigError, now, for a file that cannot be read or used
 */
export function operationsTargets<T>(
  files: readonly string[],
  make: (groups: OperationsGroups) => readonly T[],
  onProblem: (problem: ConfigError) => void = () => {},
): () => readonly T[] {
  const read = files.map((file) => ({ file, changed: changeOf(file), targets: targetsOf(file, make) }));
  return () => {
    for (const one of read) {
      const changed = changeOf(one.file);
      if (changed === one.changed) continue;
      one.changed = changed;
      try {
        one.targets = targetsOf(one.file, make);
      } catch (error) {
        // It may be written just now; the next change is read.
        onProblem(error as ConfigError);
      }
    }
    return read.flatMap(({ targets }) => targets);
  };
}

/** The authorities, and the certificate with its key, that operations services with TLS need; null where none is named. @throws ConfigError */
export function readOperationsTls(options: Options): { ca?: string; cert?: string; key?: string } | null {
  const { operationsCa, operationsCertificate, operationsKey } = options;
  if ((operationsCertificate === '') !== (operationsKey === '')) {
    throw new ConfigError(
      `--${flagName('operationsCertificate')} and --${flagName('operationsKey')} go together: one of them is missing.`,
    );
  }
  if (operationsCa === '' && operationsCertificate === '') return null;
  const ca = operationsCa === '' ? {} : { ca: readPem('operationsCa', operationsCa) };
  if (operationsCertificate === '') return ca;
  const cert = readPem('operationsCertificate', operationsCertificate);
  const key = readPem('operationsKey', operationsKey);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new ConfigError(
      `--${flagName('operationsCertificate')} ${operationsCertificate} and --${flagName('operationsKey')} ${operationsKey} are no certificate with its key: ${(error as Error).message}`,
      { cause: error },
    );
  }
  return { ...ca, cert, key };
}

function targetsOf<T>(file: string, make: (groups: OperationsGroups) => readonly T[]): readonly T[] {
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // The parser of YAML shows the place too, on lines of its own.
    const [why = ''] = (error as Error).message.split('\n');
    throw new ConfigError(`--${flagName('operations')} ${file} cannot be read: ${why.replace(/:$/, '')}.`, {
      cause: error,
    });
  }
  const groups = Groups.safeParse(content);
  if (!groups.success) {
    throw new ConfigError(
      `--${flagName('operations')} ${file} must hold a list of {targets: [HOST:PORT], labels: {node, msp, kind}}.`,
    );
  }
  try {
    return make(groups.data);
  } catch (error) {
    throw new ConfigError(`--${flagName('operations')} ${file}: ${(error as Error).message}.`, { cause: error });
  }
}

function changeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;
}
