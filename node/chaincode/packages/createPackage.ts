import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ChaincodeError } from '../chaincodeError.ts';
import { checkLabel, CODE_FILE, METADATA_FILE } from './chaincodePackage.ts';
import { checkMetaInf } from './metaInf.ts';
import { type TarFile, writeTar } from './tarArchive.ts';

/** `connection.json` of a chaincode that runs as a service (core/container/externalbuilder/instance.go). */
export interface ServiceConnection {
  /** `host:port`. */
  readonly address: string;
  /** Go's notation, `10s`; default three seconds. */
  readonly dial_timeout?: string;
  readonly tls_required?: boolean;
  readonly client_auth_required?: boolean;
  /** PEM, as all below. */
  readonly client_key?: string;
  readonly client_cert?: string;
  /** Certificate that the service's own chain ends in. */
  readonly root_cert?: string;
  /** Name in the service's certificate where it is not the address's host. */
  readonly domain?: string;
}

export type PackageSource =
  | { readonly label: string; readonly type: 'ccaas'; readonly connection: ServiceConnection }
  | {
      readonly label: string;
      /** `node`, `golang`; any other for an external builder, which then gets the folder as it is. */
      readonly type: string;
      /** Folder of the chaincode. */
      readonly path: string;
    };

/** Built or fetched again where the package is installed. */
const LEFT_OUT = new Set(['node_modules', '.git']);

/**
 * Makes a package as `peer lifecycle chaincode package` does. The same files and label give the same bytes, so that every
 * organisation comes to the same package ID.
 * @throws ChaincodeError `bad_package`
 */
export async function createPackage(source: PackageSource): Promise<Uint8Array> {
  checkLabel(source.label);
  const { path, files } =
    'connection' in source
      ? { path: '', files: [{ name: 'connection.json', bytes: jsonBytes(source.connection) }] }
      : await filesOf(source.type, source.path);
  return writeTar([
    { name: METADATA_FILE, bytes: jsonBytes({ path, type: source.type, label: source.label }) },
    { name: CODE_FILE, bytes: await writeTar(files) },
  ]);
}

type PackedFile = Omit<TarFile, 'mode'>;

async function filesOf(type: string, folder: string): Promise<{ path: string; files: PackedFile[] }> {
  if (!(await stat(folder).catch(() => null))?.isDirectory()) {
    throw new ChaincodeError('bad_package', `path to chaincode does not exist: ${folder}`);
  }
  const language = type.toLowerCase();
  const underSource = language === 'node' || language === 'golang';
  const files: PackedFile[] = [];
  for (const name of await namesIn(folder, '')) {
    const bytes = await readFile(join(folder, name));
    checkMetaInf(name, bytes);
    files.push({ name: underSource && !name.startsWith('META-INF/') ? `src/${name}` : name, bytes });
  }
  const has = (name: string): PackedFile | undefined => files.find((file) => file.name === name);
  if (language === 'node' && has('src/package.json') === undefined) {
    throw new ChaincodeError('bad_package', `no package.json found in ${folder}`);
  }
  if (language !== 'golang') {
    // Where it lay on the packing machine would make another package of the same files.
    return { path: '', files };
  }
  const module = /^module\s+(?<path>\S+)/m.exec(Buffer.from(has('src/go.mod')?.bytes ?? '').toString('utf8'));
  if (module?.groups?.['path'] === undefined) {
    throw new ChaincodeError('bad_package', `no go.mod with a module path found in ${folder}`);
  }
  return { path: module.groups['path'], files };
}

/** Files below a folder, sorted; links are refused, for they may lead anywhere. */
async function namesIn(folder: string, below: string): Promise<string[]> {
  const names: string[] = [];
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  for (const entry of entries.toSorted((first, second) => (first.name < second.name ? -1 : 1))) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (LEFT_OUT.has(entry.name)) {
      continue;
    }
    if (entry.isDirectory()) {
      names.push(...(await namesIn(folder, name)));
    } else if (!entry.isFile()) {
      throw new ChaincodeError('bad_package', `${name} is not a regular file`);
    } else if (!(name.startsWith('META-INF/') && entry.name.startsWith('.'))) {
      names.push(name);
    }
  }
  return names;
}

function jsonBytes(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
