import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createPackage } from '#node/chaincode/packages/createPackage.ts';
import { ChaincodeService } from '../chaincode/chaincodeService.ts';
import { freePort } from '../chaincode/freePort.ts';
import type { Deployment } from './channel.ts';
import type { InteropNetwork } from './interopNetwork.ts';

type ServicePackage = Omit<Deployment, 'hosts'>;

const ASSETS = fileURLToPath(new URL('../../node/network/sample', import.meta.url));

/** Chaincode of a folder, which runs as a service until the stack's end, and the package by which peers find it. */
export async function serveChaincode(
  network: InteropNetwork,
  stack: AsyncDisposableStack,
  { name, folder }: { readonly name: string; readonly folder: string },
): Promise<ServicePackage> {
  const address = await freeAddress();
  const made = await packageService(network, name, { address, dial_timeout: '10s' });
  const service = await ChaincodeService.start(folder, address, made.packageId);
  stack.defer(() => service.stop());
  return made;
}

/** The sample chaincode, which runs, and one at whose address nobody listens. */
export async function assetsAndNobody(
  network: InteropNetwork,
  stack: AsyncDisposableStack,
): Promise<readonly [ServicePackage, ServicePackage]> {
  const assets = await serveChaincode(network, stack, { name: 'assets', folder: ASSETS });
  const nobody = await packageService(network, 'nobody', { address: await freeAddress(), dial_timeout: '1s' });
  return [assets, nobody];
}

async function freeAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}

async function packageService(
  network: InteropNetwork,
  name: string,
  connection: { readonly address: string; readonly dial_timeout: string },
): Promise<ServicePackage> {
  const packageFile = network.file(`${name}.tgz`);
  writeFileSync(packageFile, await createPackage({ label: name, type: 'ccaas', connection }));
  const peer = network.peerOf(network.organization('Org1').peers[0]?.host as string);
  return { name, packageFile, packageId: await peer.run('lifecycle', 'chaincode', 'calculatepackageid', packageFile) };
}
