import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { FabricConfigError } from './fabricConfigError.ts';
import type { KeyKind, KeySpec, KeyTable } from './keySpec.ts';
import { fromEnvironment, type KindValues, readValue } from './values.ts';

export interface FabricConfigOptions {
  /** `core` or `orderer`: of the file, and in capitals of the environment variables. */
  readonly name: 'core' | 'orderer';
  readonly keys: KeyTable;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the file is looked for when FABRIC_CFG_PATH is not set: the working folder, then `/etc/hyperledger/fabric`. */
  readonly workingFolder: string;
}

/** Where Fabric's packages put their configuration. */
const OFFICIAL_FOLDER = '/etc/hyperledger/fabric';

/**
 * A node's configuration: Fabric's YAML file, with environment variables before it and Fabric's defaults behind it. Names of keys are
 * taken in any case, as Fabric does.
 */
export class FabricConfig {
  /** Path of the file; null where there is none, and defaults count. */
  readonly file: string | null;
  /** What an operator should know: keys that nobody knows, a file that is not there. */
  readonly warnings: readonly string[];
  /** Keys, and sections, that are set otherwise than by default and change nothing here. */
  readonly withoutEffect: readonly string[];
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #keys: KeyTable;
  readonly #folder: string;
  readonly #prefix: string;

  /** @throws FabricConfigError `no_folder`, `unreadable`, `bad_value`, `refused` */
  static load(options: FabricConfigOptions): FabricConfig {
    return new FabricConfig(options);
  }

  private constructor({ name, keys, environment, workingFolder }: FabricConfigOptions) {
    const found = findFile(`${name}.yaml`, environment['FABRIC_CFG_PATH'], workingFolder);
    this.file = found.file;
    this.#folder = found.folder;
    this.#keys = keys;
    this.#prefix = name.toUpperCase();
    const names = new Names(keys);
    const warnings: string[] = [];
    const values = new Map<string, unknown>();
    if (found.file === null) {
      warnings.push(
        `no ${name}.yaml in ${found.folder}: Fabric's defaults count (FABRIC_CFG_PATH names another folder)`,
      );
    } else {
      this.#readFile(found.file, names, values, warnings);
    }
    for (const [variable, text] of Object.entries(environment)) {
      // An empty variable is as good as none, in viper as in the orderer's own reader.
      if (variable.startsWith(`${this.#prefix}_`) && text !== undefined && text !== '') {
        const key = names.ofVariable(variable.slice(this.#prefix.length + 1));
        if (key === null) {
          warnings.push(`environment variable ${variable} is no known key`);
        } else {
          values.set(key.name, this.#fromEnvironment(variable, key, text));
        }
      }
    }
    this.#values = values;
    const withoutEffect: string[] = [];
    for (const [key, spec] of Object.entries(keys)) {
      if (key.endsWith('.*')) {
        const section = key.slice(0, -1);
        const isSet = [...values.keys()].some((given) => given.startsWith(section) && !(given in keys));
        if (spec.state === 'no effect' && isSet) {
          withoutEffect.push(section.slice(0, -1));
        }
      } else if (!this.#check(key, spec) && spec.state === 'no effect') {
        withoutEffect.push(key);
      }
    }
    this.warnings = warnings;
    this.withoutEffect = withoutEffect;
  }

  /** @returns null where neither file, environment nor Fabric gives a value */
  get<K extends KeyKind>(key: string, _kind: K): KindValues[K] | null {
    const spec = this.#keys[key];
    if (spec === undefined || spec.kind !== _kind) {
      throw new TypeError(`${key} is no key of kind ${_kind}`);
    }
    const given = this.#values.get(key);
    const value = given === undefined || given === null || given === '' ? spec.fallback : given;
    return value === null || value === undefined ? null : (readValue(spec.kind, value, this.#folder) as KindValues[K]);
  }

  /** As `get`, of a key that always has a value. */
  value<K extends KeyKind>(key: string, kind: K): KindValues[K] {
    const value = this.get(key, kind);
    if (value === null) {
      throw new FabricConfigError('bad_value', `${key} needs a value (environment: ${this.#variable(key)})`);
    }
    return value;
  }

  /** What stands below a key of the table that ends in `.*`: by the rest of the name, as the file writes it. */
  below(prefix: string): ReadonlyMap<string, unknown> {
    const found = new Map<string, unknown>();
    for (const [key, value] of this.#values) {
      if (key.startsWith(`${prefix}.`)) {
        found.set(key.slice(prefix.length + 1), value);
      }
    }
    return found;
  }

  /** Bytes of the file that a key names. @throws FabricConfigError `missing_file`, `bad_value` */
  read(key: string): Uint8Array {
    return this.#bytes(key, this.value(key, 'path'));
  }

  /** Bytes of all files that a key names. @throws FabricConfigError `missing_file` */
  readAll(key: string): readonly Uint8Array[] {
    return (this.get(key, 'paths') ?? []).map((path) => this.#bytes(key, path));
  }

  /** A path that is named within a key's value: from the folder of the file on, as those that are values are. */
  path(path: string): string {
    return resolve(this.#folder, path);
  }

  /** Bytes of a file that is named within a key's value. @throws FabricConfigError `missing_file` */
  readPath(key: string, path: string): Uint8Array {
    return this.#bytes(key, this.path(path));
  }

  #bytes(key: string, path: string): Uint8Array {
    try {
      return readFileSync(path);
    } catch (cause) {
      throw new FabricConfigError(
        'missing_file',
        `${key} names ${path}, which cannot be read: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  #readFile(file: string, names: Names, values: Map<string, unknown>, warnings: string[]): void {
    let content: unknown;
    try {
      content = parse(readFileSync(file, 'utf8')) ?? {};
    } catch (cause) {
      throw new FabricConfigError('unreadable', `${file} cannot be read: ${(cause as Error).message}`, { cause });
    }
    if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      throw new FabricConfigError('unreadable', `${file} holds no keys`);
    }
    const walk = (node: object, path: string): void => {
      for (const [part, value] of Object.entries(node)) {
        const written = path === '' ? part : `${path}.${part}`;
        const key = names.of(written);
        if (key !== null) {
          values.set(key.name, value);
        } else if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
          walk(value, written);
        } else if (!names.isSection(written)) {
          warnings.push(`${file}: unknown key ${written}`);
        }
      }
    };
    walk(content, '');
  }

  #fromEnvironment(variable: string, { spec }: Key, text: string): unknown {
    try {
      return fromEnvironment(spec.kind, text);
    } catch (cause) {
      throw new FabricConfigError('bad_value', `${variable} is no YAML: ${(cause as Error).message}`, { cause });
    }
  }

  /** @returns whether the default counts, or the value is the same */
  #check(key: string, spec: KeySpec): boolean {
    const value = this.#values.get(key);
    if (value === undefined || value === null || value === '') {
      return true;
    }
    const read = readValue(spec.kind, value, this.#folder);
    if (read === null) {
      throw new FabricConfigError(
        'bad_value',
        `${key} is ${JSON.stringify(value)}, which is no ${spec.kind} (environment: ${this.#variable(key)})`,
      );
    }
    const isDefault = JSON.stringify(read) === JSON.stringify(readValue(spec.kind, spec.fallback, this.#folder));
    if (spec.state === 'refused' && !isDefault) {
      throw new FabricConfigError(
        'refused',
        `${key} is ${JSON.stringify(value)}, which this node does not do: ${spec.note}`,
      );
    }
    return isDefault;
  }

  #variable(key: string): string {
    return `${this.#prefix}_${key.replaceAll('.', '_').toUpperCase()}`;
  }
}

interface Key {
  readonly name: string;
  readonly spec: KeySpec;
}

/** Finds keys by the names that people write. */
class Names {
  readonly #exact = new Map<string, Key>();
  readonly #variables = new Map<string, Key>();
  readonly #below: { readonly lower: string; readonly name: string; readonly spec: KeySpec }[] = [];
  readonly #sections = new Set<string>();

  constructor(keys: KeyTable) {
    for (const [name, spec] of Object.entries(keys)) {
      if (name.endsWith('.*')) {
        const prefix = name.slice(0, -2);
        this.#below.push({ lower: prefix.toLowerCase(), name: prefix, spec });
        this.#addSections(`${prefix}.x`);
      } else {
        this.#exact.set(name.toLowerCase(), { name, spec });
        this.#variables.set(name.replaceAll('.', '_').toUpperCase(), { name, spec });
        this.#addSections(name);
      }
    }
  }

  of(written: string): Key | null {
    const lower = written.toLowerCase();
    const exact = this.#exact.get(lower);
    if (exact !== undefined) {
      return exact;
    }
    // A section that holds known keys is gone into, whatever stands for the rest of it.
    if (this.#sections.has(lower)) {
      return null;
    }
    const found = this.#below.find((one) => lower.startsWith(`${one.lower}.`));
    return found === undefined ? null : { name: found.name + written.slice(found.lower.length), spec: found.spec };
  }

  ofVariable(rest: string): Key | null {
    const upper = rest.toUpperCase();
    const exact = this.#variables.get(upper);
    if (exact !== undefined) {
      return exact;
    }
    const found = this.#below.find((one) => upper.startsWith(`${one.name.replaceAll('.', '_').toUpperCase()}_`));
    return found === undefined
      ? null
      : // Which letters were capitals, a variable does not tell; viper has all names in small letters.
        {
          name: `${found.name}.${rest
            .slice(found.name.length + 1)
            .replaceAll('_', '.')
            .toLowerCase()}`,
          spec: found.spec,
        };
  }

  /** Whether a name is that of a section, written without anything in it. */
  isSection(written: string): boolean {
    const lower = written.toLowerCase();
    return this.#sections.has(lower) || this.#below.some((one) => one.lower === lower);
  }

  #addSections(name: string): void {
    const parts = name.toLowerCase().split('.');
    for (let count = 1; count < parts.length; count++) {
      this.#sections.add(parts.slice(0, count).join('.'));
    }
  }
}

function findFile(
  name: string,
  configured: string | undefined,
  workingFolder: string,
): { readonly file: string | null; readonly folder: string } {
  if (configured !== undefined && configured !== '') {
    const folder = resolve(workingFolder, configured);
    if (!isFolder(folder)) {
      throw new FabricConfigError('no_folder', `FABRIC_CFG_PATH is ${configured}, which is no folder`);
    }
    return { file: isFile(join(folder, name)) ? join(folder, name) : null, folder };
  }
  for (const folder of [workingFolder, OFFICIAL_FOLDER]) {
    if (isFile(join(folder, name))) {
      return { file: join(folder, name), folder };
    }
  }
  return { file: null, folder: workingFolder };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
