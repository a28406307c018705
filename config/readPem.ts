import { readFileSync } from 'node:fs';
import { ConfigError } from './loadOptions.ts';
import { flagName, type OptionKey } from './options.ts';

/** The text of a PEM file that an option names. @throws ConfigError */
export function readPem(key: OptionKey, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`--${flagName(key)} ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  if (!text.includes('-----BEGIN ')) throw new ConfigError(`--${flagName(key)} ${path} is no PEM file.`);
  return text;
}
