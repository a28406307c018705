import { type Command, InvalidArgumentError, Option } from 'commander';
import { type LoadedOptions, loadOptions } from '#config/loadOptions.ts';
import { environmentName, flagName, OPTIONS, type OptionKey, type OptionSpec } from '#config/options.ts';

/** Which store, and how to be let in. */
export const STORE_OPTIONS: readonly OptionKey[] = [
  'store',
  'elasticsearchApiKeyFile',
  'elasticsearchUser',
  'elasticsearchPasswordFile',
  'elasticsearchCa',
];

/** Adds `--config` and the flags of these options, with help made from the options' table. */
export function addOptions(command: Command, keys: readonly OptionKey[]): Command {
  for (const key of keys) {
    const spec = OPTIONS[key] as OptionSpec<unknown>;
    const flag = spec.placeholder ? `--${flagName(key)} ${spec.placeholder}` : `--no-${flagName(key)}`;
    const meaning = spec.placeholder ? spec.meaning : `do not: ${spec.meaning}`;
    const value =
      spec.fallback === true ? '' : Array.isArray(spec.fallback) ? spec.fallback.join(',') : String(spec.fallback);
    const shown = value === '' ? '' : `, default ${value}`;
    command.addOption(new Option(flag, `${meaning} (${environmentName(key)}${shown})`));
  }
  return command.addOption(
    new Option('--config <file>', 'YAML file with options (FTL_CONFIG, default ftl.yaml if it is there)'),
  );
}

/**
 * The options of a command that was parsed; `keys`: those that it has as flags, where others of its flags have the same names.
 * @throws ConfigError
 */
export function optionsOf(
  command: Command,
  keys: readonly OptionKey[] = Object.keys(OPTIONS) as OptionKey[],
): LoadedOptions {
  const values = command.opts();
  const flags: Partial<Record<OptionKey, unknown>> = {};
  for (const key of keys) {
    // commander gives a `--no-x` switch the value true by itself; only what the user typed may beat file and environment.
    if (values[key] !== undefined && command.getOptionValueSource(key) === 'cli') flags[key] = values[key];
  }
  return loadOptions({ flags, environment: process.env, configFile: values.config as string | undefined });
}

/** Parser for a whole number in a range, with a sentence for what does not fit. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum || value > maximum)
      throw new InvalidArgumentError(`a whole number from ${minimum} to ${maximum}.`);
    return value;
  };
}
