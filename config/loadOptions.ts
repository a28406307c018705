import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { environmentName, flagName, OPTIONS, type OptionKey, type Options, type OptionSpec } from './options.ts';

/** A setting that cannot be used; the message says where it stands and what would do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface OptionSources {
  /** Flags as given, absent ones left out. */
  readonly flags: Readonly<Partial<Record<OptionKey, unknown>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--config`; without it `FTL_CONFIG`, then `ftl.yaml` in the working folder if it is there. */
  readonly configFile?: string | undefined;
}

export interface LoadedOptions {
  readonly options: Options;
  /** Keys that nobody set. */
  readonly defaulted: ReadonlySet<OptionKey>;
  readonly configFile: string | null;
}

/**
 * Folds default < file < environment < flag into one set of options.
 * @throws ConfigError for an unreadable file, an unknown key, a value that does not fit
 */
export function loadOptions(sources: OptionSources): LoadedOptions {
  const { file, path } = readConfigFile(sources);
  const options: Record<string, unknown> = {};
  const defaulted = new Set<OptionKey>();
  for (const key of Object.keys(OPTIONS) as OptionKey[]) {
    const spec = OPTIONS[key] as OptionSpec<unknown>;
    const found = firstSet(key, spec, sources, file, path);
    if (found === undefined) {
      options[key] = spec.fallback;
      defaulted.add(key);
      continue;
    }
    const parsed = spec.type.safeParse(found.value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const value = spec.secret ? 'not usable' : JSON.stringify(found.value);
      throw new ConfigError(`${found.where} is ${value}: ${issue?.message ?? 'not usable'}. ${spec.meaning}`);
    }
    options[key] = parsed.data;
  }
  return { options: options as Options, defaulted, configFile: path };
}

function firstSet(
  key: OptionKey,
  spec: OptionSpec<unknown>,
  sources: OptionSources,
  file: Readonly<Record<string, unknown>>,
  path: string | null,
): { value: unknown; where: string } | undefined {
  const flag = sources.flags[key];
  const name = environmentName(key);
  if (flag !== undefined && spec.secret) throw new ConfigError(`A secret is no flag: set ${name}.`);
  if (flag !== undefined) return { value: flag, where: `--${flagName(key)}` };
  const text = sources.environment[name];
  if (text !== undefined && text !== '') return { value: spec.list ? splitList(text) : text, where: name };
  if (key in file) {
    const value = file[key];
    return { value: spec.list && typeof value === 'string' ? [value] : value, where: `${key} in ${path}` };
  }
  return undefined;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function readConfigFile(sources: OptionSources): { file: Readonly<Record<string, unknown>>; path: string | null } {
  const asked = sources.configFile ?? sources.environment.FTL_CONFIG;
  const path = asked ?? (existsSync('ftl.yaml') ? 'ftl.yaml' : null);
  if (path === null || path === '') return { file: {}, path: null };
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`The configuration file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (content === null || content === undefined) return { file: {}, path };
  if (typeof content !== 'object' || Array.isArray(content))
    throw new ConfigError(`${path} must hold \`key: value\` lines.`);
  for (const key of Object.keys(content)) {
    if (!(key in OPTIONS))
      throw new ConfigError(`${path}: unknown key \`${key}\`. Known: ${Object.keys(OPTIONS).join(', ')}.`);
  }
  return { file: content as Record<string, unknown>, path };
}
