import { common, msp, orderer } from '@hyperledger/fabric-protos';
import { encodeConfigEnvelope } from '#node/channel/configUpdate.ts';
import { type Config, type ConfigGroup, type ConfigPolicy, EMPTY_GROUP } from '#node/channel/configGroup.ts';
import { Signer } from '#node/crypto/sign.ts';
import { authority, issue } from '#node/msp/testAuthority.ts';
import { parsePolicy } from '#node/policy/policyDsl.ts';

/** An organisation with keys of its own, made on the spot. */
export interface TestOrganization {
  readonly mspId: string;
  readonly config: Uint8Array;
  readonly client: Signer;
  /** A peer of application organisations, an orderer of the others. */
  readonly node: Signer;
  /** A second one. */
  readonly other: Signer;
}

const NOTHING = new Uint8Array(0);
const IMPLICIT_META = 3;
const SIGNATURE = 1;

export function makeOrganization(mspId: string, role: 'peer' | 'orderer'): TestOrganization {
  const ca = authority(`ca.${mspId}`);
  const member = (name: string, nodeUnit: string): Signer => {
    const holder = issue(ca, { name, units: [nodeUnit] });
    const keyPem = holder.privateKey.export({ format: 'pem', type: 'pkcs8' });
    return new Signer({ mspId, keyPem, certificatePem: holder.pem });
  };
  return {
    mspId,
    config: mspConfig(mspId, ca.pem),
    client: member(`user1@${mspId}`, 'client'),
    node: member(`${role}0.${mspId}`, role),
    other: member(`${role}1.${mspId}`, role),
  };
}

function unit(name: string): msp.FabricOUIdentifier {
  const identifier = new msp.FabricOUIdentifier();
  identifier.setOrganizationalUnitIdentifier(name);
  return identifier;
}

function mspConfig(mspId: string, root: Uint8Array): Uint8Array {
  const fabric = new msp.FabricMSPConfig();
  fabric.setName(mspId);
  fabric.setRootCertsList([root]);
  const crypto = new msp.FabricCryptoConfig();
  crypto.setSignatureHashFamily('SHA2');
  crypto.setIdentityIdentifierHashFunction('SHA256');
  fabric.setCryptoConfig(crypto);
  const units = new msp.FabricNodeOUs();
  units.setEnable(true);
  units.setClientOuIdentifier(unit('client'));
  units.setPeerOuIdentifier(unit('peer'));
  units.setAdminOuIdentifier(unit('admin'));
  units.setOrdererOuIdentifier(unit('orderer'));
  fabric.setFabricNodeOus(units);
  const config = new msp.MSPConfig();
  config.setType(0);
  config.setConfig(fabric.serializeBinary());
  return config.serializeBinary();
}

const policy = (type: number, value: Uint8Array): ConfigPolicy => ({
  version: 0,
  modPolicy: 'Admins',
  unknown: NOTHING,
  policy: { type, value, unknown: NOTHING },
});

function implicit(rule: 'ANY' | 'ALL' | 'MAJORITY', subPolicy: string): ConfigPolicy {
  const meta = new common.ImplicitMetaPolicy();
  meta.setRule(common.ImplicitMetaPolicy.Rule[rule]);
  meta.setSubPolicy(subPolicy);
  return policy(IMPLICIT_META, meta.serializeBinary());
}

function signature(text: string): ConfigPolicy {
  return policy(SIGNATURE, signaturePolicyBytes(text));
}

/** A serialised `common.SignaturePolicyEnvelope` of a policy such as `OR('Org1MSP.peer')`. */
export function signaturePolicyBytes(text: string): Uint8Array {
  return parsePolicy(text).serializeBinary();
}

const value = (message: { serializeBinary(): Uint8Array }) => ({
  version: 0,
  value: message.serializeBinary(),
  modPolicy: 'Admins',
  unknown: NOTHING,
});

const raw = (bytes: Uint8Array) => ({ version: 0, value: bytes, modPolicy: 'Admins', unknown: NOTHING });

function capabilities(name: string): common.Capabilities {
  const message = new common.Capabilities();
  message.getCapabilitiesMap().set(name, new common.Capability());
  return message;
}

function group(parts: Partial<ConfigGroup>): ConfigGroup {
  return { ...EMPTY_GROUP, modPolicy: 'Admins', ...parts };
}

/** What a channel of these organisations is configured as: as configtxgen would, all writers may order. */
export function channelConfig(peers: readonly TestOrganization[], orderers: TestOrganization): Config {
  const organization = (one: TestOrganization, member: string): ConfigGroup =>
    group({
      values: new Map([
        ['MSP', raw(one.config)],
        ...(member === 'orderer' ? ([['Endpoints', value(endpoints())]] as const) : []),
      ]),
      policies: new Map([
        ['Readers', signature(`OR('${one.mspId}.member')`)],
        ['Writers', signature(`OR('${one.mspId}.member')`)],
        ['Admins', signature(`OR('${one.mspId}.member')`)],
        ['Endorsement', signature(`OR('${one.mspId}.peer')`)],
      ]),
    });
  const metaPolicies = [
    ['Readers', implicit('ANY', 'Readers')],
    ['Writers', implicit('ANY', 'Writers')],
    ['Admins', implicit('MAJORITY', 'Admins')],
  ] as const;
  const application = group({
    groups: new Map(peers.map((one) => [one.mspId, organization(one, 'peer')])),
    values: new Map([['Capabilities', value(capabilities('V2_0'))]]),
    policies: new Map([
      ...metaPolicies,
      ['Endorsement', implicit('MAJORITY', 'Endorsement')],
      ['LifecycleEndorsement', implicit('MAJORITY', 'Endorsement')],
    ]),
  });
  const ordererGroup = group({
    groups: new Map([[orderers.mspId, organization(orderers, 'orderer')]]),
    values: ordererValues(),
    policies: new Map([...metaPolicies, ['BlockValidation', implicit('ANY', 'Writers')]]),
  });
  const hashing = new common.HashingAlgorithm();
  hashing.setName('SHA256');
  const structure = new common.BlockDataHashingStructure();
  structure.setWidth(0xffff_ffff);
  return {
    sequence: 0,
    unknown: NOTHING,
    channelGroup: group({
      groups: new Map([
        ['Application', application],
        ['Orderer', ordererGroup],
      ]),
      values: new Map([
        ['Capabilities', value(capabilities('V2_0'))],
        ['HashingAlgorithm', value(hashing)],
        ['BlockDataHashingStructure', value(structure)],
        ['OrdererAddresses', value(endpoints())],
      ]),
      policies: new Map(metaPolicies),
    }),
  };
}

function endpoints(): common.OrdererAddresses {
  const addresses = new common.OrdererAddresses();
  addresses.setAddressesList(['localhost:7050']);
  return addresses;
}

function ordererValues(): ConfigGroup['values'] {
  const size = new orderer.BatchSize();
  size.setMaxMessageCount(500);
  size.setAbsoluteMaxBytes(10 * 1024 * 1024);
  size.setPreferredMaxBytes(2 * 1024 * 1024);
  const timeout = new orderer.BatchTimeout();
  timeout.setTimeout('2s');
  const consensus = new orderer.ConsensusType();
  consensus.setType('solo');
  return new Map([
    ['BatchSize', value(size)],
    ['BatchTimeout', value(timeout)],
    ['ConsensusType', value(consensus)],
    ['Capabilities', value(capabilities('V2_0'))],
  ]);
}

/** The envelope of a genesis block. */
export function genesisEnvelope(channelId: string, config: Config): Uint8Array {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.CONFIG);
  channelHeader.setChannelId(channelId);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(new common.SignatureHeader().serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(encodeConfigEnvelope({ config, lastUpdate: null }));
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  return envelope.serializeBinary();
}
