import { hash } from 'node:crypto';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';
import { checkMetaInf } from './metaInf.ts';
import { readTar, TAR_LIMITS, type TarLimits } from './tarArchive.ts';

export const METADATA_FILE = 'metadata.json';
export const CODE_FILE = 'code.tar.gz';

/** Letters and digits first; the file's name, with hash and ending, has to fit into 255 bytes. */
const LABEL = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]*$/;
const MAX_LABEL = 180;

/** What `metadata.json` says. */
export interface PackageMetadata {
  /** Such as `node`, `golang`, `java`, `ccaas`; as written. */
  readonly type: string;
  /** Where the code was packed from; for Go its import path. */
  readonly path: string;
  readonly label: string;
}

/** A chaincode package, taken apart (core/chaincode/persistence/chaincode_package.go). */
export interface ChaincodePackage {
  readonly packageId: string;
  readonly metadata: PackageMetadata;
  /** `metadata.json` as it is: external builders get it with all that others put into it. */
  readonly metadataBytes: Uint8Array;
  /** `code.tar.gz`. */
  readonly code: Uint8Array;
}

/** `label:sha256`. */
export function packageIdOf(label: string, packageBytes: Uint8Array): string {
  return `${label}:${hash('sha256', packageBytes, 'hex')}`;
}

/** @throws ChaincodeError `bad_package` */
export function checkLabel(label: string): void {
  if (!LABEL.test(label)) {
    throw new ChaincodeError(
      'bad_package',
      `invalid label '${label}'. Label must be non-empty, can only consist of alphanumerics, symbols from '.+-_', and can only begin with alphanumerics`,
    );
  }
  if (label.length > MAX_LABEL) {
    throw new ChaincodeError('bad_package', `invalid label: longer than ${MAX_LABEL} characters`);
  }
}

/** @throws ChaincodeError `bad_package` */
export async function parsePackage(
  packageBytes: Uint8Array,
  limits: TarLimits = TAR_LIMITS,
): Promise<ChaincodePackage> {
  let metadataBytes: Uint8Array | null = null;
  let code: Uint8Array | null = null;
  for await (const { name, bytes } of readTar(packageBytes, limits)) {
    // What else lies here is passed over, as in Fabric; of two with one name the last counts.
    if (name === METADATA_FILE) {
      metadataBytes = bytes;
    } else if (name === CODE_FILE) {
      code = bytes;
    }
  }
  if (code === null) {
    throw new ChaincodeError('bad_package', 'did not find a code package inside the package');
  }
  if (metadataBytes === null) {
    throw new ChaincodeError('bad_package', `did not find any package metadata (missing ${METADATA_FILE})`);
  }
  const metadata = readMetadata(metadataBytes);
  checkLabel(metadata.label);
  return { packageId: packageIdOf(metadata.label, packageBytes), metadata, metadataBytes, code };
}

/** Reads the code to its end. @throws ChaincodeError `bad_package` */
export async function checkCode(one: ChaincodePackage, limits: TarLimits = TAR_LIMITS): Promise<void> {
  for await (const { name, bytes } of readTar(one.code, limits)) {
    checkMetaInf(name, bytes);
  }
}

function readMetadata(bytes: Uint8Array): PackageMetadata {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new ChaincodeError('bad_package', `could not unmarshal ${METADATA_FILE} as json: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (typeof parsed !== 'object' || parsed === null) {
    throw new ChaincodeError('bad_package', `could not unmarshal ${METADATA_FILE} as json: no object`);
  }
  const textOf = (name: string): string => {
    const value: unknown = Reflect.get(parsed, name) ?? '';
    if (typeof value !== 'string') {
      throw new ChaincodeError('bad_package', `could not unmarshal ${METADATA_FILE} as json: ${name} is no text`);
    }
    return value;
  };
  return { type: textOf('type'), path: textOf('path'), label: textOf('label') };
}
