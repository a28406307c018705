import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Signer } from '#node/crypto/sign.ts';
import { mspConfigOf } from '#node/msp/mspDefinition.ts';
import { authority, definition, issue } from '#node/msp/testAuthority.ts';
import { makeOrganization, type TestOrganization } from '#test/harness/signedChannel.ts';
import type { ChildMaterial, Keys } from './orderingChild.ts';
import { TestNetwork, type TestChannelOptions } from './testChannel.ts';

/** For tests: a network whose keys a child process (`orderingChild.ts`) finds in a folder. */
export function writeChildMaterial(folder: string, options: TestChannelOptions): TestNetwork {
  const org1 = organizationWithKeys('Org1MSP', 'peer');
  const orderers = organizationWithKeys('OrdererMSP', 'orderer');
  const network = new TestNetwork(org1.organization, orderers.organization);
  const material: ChildMaterial = {
    node: orderers.node,
    client: org1.client,
    server: Buffer.from(network.server.pem).toString(),
    genesis: Buffer.from(network.genesis(options).bytes).toString('base64'),
  };
  writeFileSync(join(folder, 'material.json'), JSON.stringify(material));
  return network;
}

function organizationWithKeys(
  mspId: string,
  role: 'peer' | 'orderer',
): { readonly organization: TestOrganization; readonly client: Keys; readonly node: Keys } {
  const ca = authority(`ca.${mspId}`);
  const keysOf = (unit: string): Keys => {
    const holder = issue(ca, { name: `${unit}@${mspId}`, units: [unit] });
    const keyPem = holder.privateKey.export({ format: 'pem', type: 'pkcs8' });
    return { mspId, keyPem, certificatePem: Buffer.from(holder.pem).toString() };
  };
  const [client, node] = [keysOf('client'), keysOf(role)];
  const organization = {
    ...makeOrganization(mspId, role),
    config: mspConfigOf(definition([ca], { mspId })).serializeBinary(),
    client: new Signer(client),
    node: new Signer(node),
  };
  return { organization, client, node };
}
