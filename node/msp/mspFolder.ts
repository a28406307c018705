import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { CryptoError } from '#node/crypto/cryptoError.ts';
import { decodePem } from '#node/crypto/pem.ts';
import { Signer } from '#node/crypto/sign.ts';
import type { MspDefinition, NodeUnitsDefinition, UnitDefinition } from './mspDefinition.ts';
import { MspError } from './mspError.ts';

/** Files beyond this, and folders with more, are not MSP material. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_FILES = 10_000;

const unit = z.object({ Certificate: z.string().nullish(), OrganizationalUnitIdentifier: z.string().nullish() });
/** `config.yaml`; keys that it does not know are passed over, as Fabric does. */
const configuration = z
  .object({
    OrganizationalUnitIdentifiers: z.array(unit).nullish(),
    NodeOUs: z
      .object({
        Enable: z.boolean().nullish(),
        ClientOUIdentifier: unit.nullish(),
        PeerOUIdentifier: unit.nullish(),
        AdminOUIdentifier: unit.nullish(),
        OrdererOUIdentifier: unit.nullish(),
      })
      .nullish(),
  })
  .nullish();
type Unit = z.infer<typeof unit>;

/**
 * The definition that a folder holds, as Fabric's tools lay it out: `cacerts`, `intermediatecerts`, `admincerts`, `crls`, `tlscacerts`,
 * `tlsintermediatecerts` and `config.yaml`. Only `cacerts` must be there. Files are taken in the order of their names; those that
 * hold no PEM are passed over.
 * @throws MspError `bad_folder`
 */
export function readMspFolder(folder: string, mspId: string): MspDefinition {
  const rootCerts = pemFiles(folder, 'cacerts');
  if (rootCerts === null || rootCerts.length === 0) {
    throw new MspError('bad_folder', mspId, `no certificate of an authority in ${join(folder, 'cacerts')}`);
  }
  const tlsRootCerts = pemFiles(folder, 'tlscacerts') ?? [];
  const config = readConfiguration(folder, mspId);
  return {
    mspId,
    rootCerts,
    intermediateCerts: pemFiles(folder, 'intermediatecerts') ?? [],
    admins: pemFiles(folder, 'admincerts') ?? [],
    revocationLists: pemFiles(folder, 'crls') ?? [],
    units: (config?.OrganizationalUnitIdentifiers ?? []).map((one) => ({
      name: one.OrganizationalUnitIdentifier ?? '',
      certificate: requiredFile(join(folder, one.Certificate ?? ''), mspId),
    })),
    nodeUnits: nodeUnitsOf(folder, config),
    tlsRootCerts,
    // Without roots nobody vouches for them.
    tlsIntermediateCerts: tlsRootCerts.length === 0 ? [] : (pemFiles(folder, 'tlsintermediatecerts') ?? []),
    signatureHashFamily: 'SHA2',
    identifierHash: 'SHA256',
  };
}

/**
 * Who signs in the name of a folder's owner: the certificate in `signcerts` and, of the keys in `keystore`, the one that is its.
 * @throws MspError `bad_folder`
 */
export function readSigner(folder: string, mspId: string): Signer {
  const [certificatePem] = pemFiles(folder, 'signcerts') ?? [];
  if (certificatePem === undefined) {
    throw new MspError('bad_folder', mspId, `no certificate in ${join(folder, 'signcerts')}`);
  }
  let cause: unknown;
  for (const keyPem of pemFiles(folder, 'keystore') ?? []) {
    try {
      return new Signer({ mspId, keyPem, certificatePem });
    } catch (error) {
      if (!(error instanceof CryptoError)) {
        throw error;
      }
      cause = error;
    }
  }
  throw new MspError('bad_folder', mspId, `no key in ${join(folder, 'keystore')} is the certificate's`, { cause });
}

function nodeUnitsOf(folder: string, config: z.infer<typeof configuration>): NodeUnitsDefinition | null {
  const nodeUnits = config?.NodeOUs;
  if (nodeUnits?.Enable !== true) {
    return null;
  }
  const read = (one: Unit | null | undefined): UnitDefinition | null => {
    const name = one?.OrganizationalUnitIdentifier ?? '';
    if (name === '') {
      return null;
    }
    // A certificate that is named and not there makes the unit anybody's, as in Fabric.
    const file = one?.Certificate ?? '';
    return { name, certificate: file === '' ? NONE : (optionalFile(join(folder, file)) ?? NONE) };
  };
  return {
    enable: true,
    client: read(nodeUnits.ClientOUIdentifier),
    peer: read(nodeUnits.PeerOUIdentifier),
    admin: read(nodeUnits.AdminOUIdentifier),
    orderer: read(nodeUnits.OrdererOUIdentifier),
  };
}

const NONE = new Uint8Array(0);

function readConfiguration(folder: string, mspId: string): z.infer<typeof configuration> {
  const file = join(folder, 'config.yaml');
  const bytes = optionalFile(file);
  if (bytes === null) {
    return null;
  }
  try {
    return configuration.parse(parse(Buffer.from(bytes).toString('utf8'), { maxAliasCount: 100 }));
  } catch (cause) {
    throw new MspError('bad_folder', mspId, `${file} cannot be read`, { cause });
  }
}

/** Contents of the files of a folder that hold PEM; null where there is no such folder. */
function pemFiles(folder: string, name: string): readonly Uint8Array[] | null {
  let files: readonly string[];
  try {
    files = readdirSync(join(folder, name)).toSorted();
  } catch {
    return null;
  }
  if (files.length > MAX_FILES) {
    throw new MspError('bad_folder', null, `${join(folder, name)} has more than ${MAX_FILES} files`);
  }
  return files
    .map((file) => optionalFile(join(folder, name, file)))
    .filter((bytes) => bytes !== null && decodePem(bytes) !== null) as Uint8Array[];
}

function requiredFile(path: string, mspId: string): Uint8Array {
  const bytes = optionalFile(path);
  if (bytes === null) {
    throw new MspError('bad_folder', mspId, `${path} cannot be read`);
  }
  return bytes;
}

/** Null for what is no file, or too large, or not readable. */
function optionalFile(path: string): Uint8Array | null {
  try {
    const { size } = statSync(path);
    return size > MAX_FILE_BYTES ? null : new Uint8Array(readFileSync(path));
  } catch {
    return null;
  }
}
