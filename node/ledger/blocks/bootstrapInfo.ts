import { constants } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { StrictReader } from '#node/protos/strictReader.ts';
import { bytesSize, varintSize, writeBytes, writeVarint } from '#node/protos/blockEncoder.ts';
import { syncFolder } from './blockFiles.ts';

/** Where a channel begins that was joined from a snapshot. */
export interface BootstrapInfo {
  readonly lastBlock: number;
  readonly lastHash: Uint8Array;
  readonly previousHash: Uint8Array;
}

const FILE = 'bootstrappingSnapshot.info';
const WHAT = 'msgs.bootstrappingSnapshotInfo';

/** From a channel's folder of block files; null where it began with block 0. @throws ProtoError */
export async function readBootstrapInfo(folder: string): Promise<BootstrapInfo | null> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await readFile(join(folder, FILE)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw error;
  }
  const reader = new StrictReader(bytes, WHAT);
  let lastBlock = 0;
  let lastHash: Uint8Array = new Uint8Array(0);
  let previousHash: Uint8Array = new Uint8Array(0);
  while (reader.nextField()) {
    switch (reader.getFieldNumber()) {
      case 1:
        lastBlock = reader.readUint64();
        break;
      case 2:
        lastHash = reader.readBytes();
        break;
      case 3:
        previousHash = reader.readBytes();
        break;
      default:
        reader.skipField();
    }
  }
  return { lastBlock, lastHash, previousHash };
}

/** As Fabric writes it, whole or not at all. */
export async function writeBootstrapInfo(folder: string, info: BootstrapInfo): Promise<void> {
  const number = info.lastBlock === 0 ? 0 : 1 + varintSize(info.lastBlock);
  const fields: readonly (readonly [number, Uint8Array])[] = [
    [0x12, info.lastHash],
    [0x1a, info.previousHash],
  ];
  const given = fields.filter(([, bytes]) => bytes.length > 0);
  const bytes = new Uint8Array(given.reduce((sum, [, field]) => sum + 1 + bytesSize(field), number));
  let at = 0;
  if (number > 0) {
    bytes[at] = 0x08;
    at = writeVarint(bytes, 1, info.lastBlock);
  }
  for (const [tag, field] of given) {
    bytes[at] = tag;
    at = writeBytes(bytes, at + 1, field);
  }
  const temporary = join(folder, 'bootstrappingSnapshotTemp.info');
  const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o644);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(folder, FILE));
  await syncFolder(folder);
}
