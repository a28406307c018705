import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { wholeFolder } from '../wholeFolder.ts';
import { organizationMaterial, type OrganizationSpec } from './organizationMaterial.ts';

const SECRET = 0o600;
const OPEN = 0o644;

/**
 * Makes authorities, identities and TLS certificates of organisations in a new folder (`crypto-config` of Fabric's tools); keys are
 * for their owner alone.
 * @throws NetworkError `exists`, `io`; a folder that is there is left alone
 */
export async function createMaterial(
  folder: string,
  organizations: readonly OrganizationSpec[],
  options: { readonly now?: Date } = {},
): Promise<void> {
  await wholeFolder(folder, (partial) => {
    writeMaterial(partial, organizations, options.now ?? new Date());
  });
}

/** As `createMaterial`, into a folder that is being made. */
export function writeMaterial(folder: string, organizations: readonly OrganizationSpec[], now: Date): void {
  for (const spec of organizations) {
    for (const entry of organizationMaterial(folder, spec, now)) {
      if ('folder' in entry) {
        mkdirSync(entry.path, { recursive: true });
      } else {
        mkdirSync(dirname(entry.path), { recursive: true });
        writeFileSync(entry.path, entry.text, { flag: 'wx', mode: entry.secret ? SECRET : OPEN });
      }
    }
  }
}
