import { authority, type Holder, issue } from '#node/msp/testAuthority.ts';
import { Signer } from '#node/crypto/sign.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { type VERSIONS, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { ChannelBundle } from './bundle.ts';
import { computeUpdate } from './computeUpdate.ts';
import { decodeConfig, encodeConfig } from './configGroup.ts';
import { type ConfigUpdate, encodeConfigUpdate } from './configUpdate.ts';
import { decodeToJson, encodeFromJson } from './json/protolator.ts';
import { configUpdateEnvelope, signConfigUpdate } from './signUpdate.ts';

/** For tests: JSON that may be changed in place, as deep as one likes. */
// oxlint-disable-next-line typescript/no-explicit-any -- a test names members of many messages
export type Tree = any;

export function recordedBlock(version: (typeof VERSIONS)[number], number: number): BlockView {
  const block = vendoredBlocks(version).blocks.find((one) => one.number === number);
  if (block === undefined) {
    throw new Error(`block ${number} of ${version} is not vendored`);
  }
  return BlockView.fromBytes(block.bytes);
}

/** The serialised `common.ConfigEnvelope` of a recorded configuration block. */
export function recordedEnvelope(version: (typeof VERSIONS)[number], number: number): Uint8Array {
  const [envelope] = recordedBlock(version, number).envelopes;
  return (envelope as NonNullable<typeof envelope>).payload.data;
}

/** The recorded channel with organisations of which we hold the keys. */
export class OwnChannel {
  readonly tree: Tree;
  readonly bundle: ChannelBundle;
  readonly org1Admin: Signer;
  readonly org1User: Signer;
  readonly org2Admin: Signer;
  readonly ordererAdmin: Signer;

  /** @param edit changes the first configuration (as JSON of `common.Config`) */
  constructor(edit: (config: Tree) => void = () => {}) {
    const genesis = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0));
    this.tree = copy(decodeToJson('common.Config', encodeConfig(genesis.config)));
    const { Application, Orderer } = this.tree.channel_group.groups;
    const org1 = takeOver(Application.groups.Org1MSP);
    const org2 = takeOver(Application.groups.Org2MSP);
    const orderer = takeOver(Orderer.groups.OrdererOrg);
    this.org1Admin = signerOf(org1, 'Org1MSP', 'admin');
    this.org1User = signerOf(org1, 'Org1MSP', 'client');
    this.org2Admin = signerOf(org2, 'Org2MSP', 'admin');
    this.ordererAdmin = signerOf(orderer, 'OrdererMSP', 'admin');
    edit(this.tree);
    this.bundle = ChannelBundle.fromConfigBytes('mychannel', encodeFromJson('common.Config', this.tree));
  }

  get #everybody(): readonly Signer[] {
    return [this.org1Admin, this.org2Admin, this.ordererAdmin];
  }

  /** The update to an edited configuration (JSON of its channel group). */
  updateTo(edit: (root: Tree) => void): ConfigUpdate {
    const next = copy(this.tree);
    edit(next.channel_group);
    const config = decodeConfig(encodeFromJson('common.Config', next));
    return computeUpdate('mychannel', this.bundle.config, config);
  }

  /** The envelope of an update, signed by all administrators unless said otherwise. */
  async envelope(update: ConfigUpdate, signers: readonly Signer[] = this.#everybody): Promise<Uint8Array> {
    const configUpdate = encodeConfigUpdate(update);
    const signatures = await Promise.all(signers.map((signer) => signConfigUpdate(configUpdate, signer)));
    return configUpdateEnvelope('mychannel', { configUpdate, signatures }, this.org1User);
  }

  /** What an edit leads to, signed by all administrators unless said otherwise. */
  async change(edit: (root: Tree) => void, signers?: readonly Signer[]): Promise<ChannelBundle> {
    const envelope = await this.envelope(this.updateTo(edit), signers);
    return this.bundle.apply(await this.bundle.validator.proposeConfigUpdate(envelope));
  }
}

/** An organisation's MSP as JSON of `msp.MSPConfig`, with another root. */
export function replaceRoot(config: Tree, root: Holder): void {
  config.root_certs = [Buffer.from(root.pem).toString('base64')];
  config.tls_root_certs = [];
  for (const unit of ['client', 'peer', 'admin', 'orderer']) {
    config.fabric_node_ous[`${unit}_ou_identifier`].certificate = '';
  }
}

export function copy(json: Tree): Tree {
  return JSON.parse(JSON.stringify(json));
}

/** What some work throws; null where it does not. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work();
    return null;
  } catch (error) {
    return error;
  }
}

function takeOver(organization: Tree): Holder {
  const root = authority('root');
  replaceRoot(organization.values.MSP.value.config, root);
  return root;
}

function signerOf(root: Holder, mspId: string, unit: string): Signer {
  const holder = issue(root, { name: `${unit} of ${mspId}`, units: [unit] });
  const keyPem = holder.privateKey.export({ type: 'pkcs8', format: 'pem' });
  return new Signer({ mspId, keyPem, certificatePem: holder.pem });
}
