import { msp } from '@hyperledger/fabric-protos';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { MspError } from './mspError.ts';

/** A unit's name and, where not any authority may vouch for it, the certificate (PEM) of the one that must. */
export interface UnitDefinition {
  readonly name: string;
  /** Empty for any. */
  readonly certificate: Uint8Array;
}

export interface NodeUnitsDefinition {
  readonly enable: boolean;
  readonly client: UnitDefinition | null;
  readonly peer: UnitDefinition | null;
  readonly admin: UnitDefinition | null;
  readonly orderer: UnitDefinition | null;
}

/** An X.509 MSP as configured: certificates are PEM. */
export interface MspDefinition {
  readonly mspId: string;
  readonly rootCerts: readonly Uint8Array[];
  readonly intermediateCerts: readonly Uint8Array[];
  readonly admins: readonly Uint8Array[];
  /** PEM or DER. */
  readonly revocationLists: readonly Uint8Array[];
  readonly units: readonly UnitDefinition[];
  readonly nodeUnits: NodeUnitsDefinition | null;
  readonly tlsRootCerts: readonly Uint8Array[];
  readonly tlsIntermediateCerts: readonly Uint8Array[];
  /** `SHA2` or `SHA3`. */
  readonly signatureHashFamily: string;
  /** `SHA256`, `SHA384`, `SHA3_256` or `SHA3_384`. */
  readonly identifierHash: string;
}

/** Type of an MSP's configuration: X.509 certificates. 1 would be idemix. */
const FABRIC = 0;
const IDEMIX = 1;

/**
 * What an `msp.MSPConfig` says.
 *
 * Idemix (anonymous credentials) is not supported. A channel with such an MSP is refused as a whole: without it the node would
 * take valid transactions for invalid ones, and its ledger would part from that of other peers.
 * @throws MspError `unsupported_type`, `bad_config`
 */
export function readMspConfig(config: msp.MSPConfig): MspDefinition {
  const type = config.getType();
  if (type === IDEMIX) {
    throw new MspError('unsupported_type', null, 'idemix MSPs are not supported: use one with X.509 certificates');
  }
  if (type !== FABRIC) {
    throw new MspError('unsupported_type', null, `MSPs of type ${type} are not known`);
  }
  try {
    return definitionOf(decodeMessage(msp.FabricMSPConfig, config.getConfig_asU8(), 'msp.FabricMSPConfig'));
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new MspError('bad_config', null, cause.message, { cause });
    }
    throw cause;
  }
}

function definitionOf(config: msp.FabricMSPConfig): MspDefinition {
  const nodeUnits = config.getFabricNodeOus();
  const crypto = config.getCryptoConfig();
  return {
    mspId: config.getName(),
    rootCerts: config.getRootCertsList_asU8(),
    intermediateCerts: config.getIntermediateCertsList_asU8(),
    admins: config.getAdminsList_asU8(),
    revocationLists: config.getRevocationListList_asU8(),
    units: config.getOrganizationalUnitIdentifiersList().map(unitOf),
    nodeUnits:
      nodeUnits === undefined
        ? null
        : {
            enable: nodeUnits.getEnable(),
            client: optionalUnit(nodeUnits.getClientOuIdentifier()),
            peer: optionalUnit(nodeUnits.getPeerOuIdentifier()),
            admin: optionalUnit(nodeUnits.getAdminOuIdentifier()),
            orderer: optionalUnit(nodeUnits.getOrdererOuIdentifier()),
          },
    tlsRootCerts: config.getTlsRootCertsList_asU8(),
    tlsIntermediateCerts: config.getTlsIntermediateCertsList_asU8(),
    signatureHashFamily: crypto?.getSignatureHashFamily() || 'SHA2',
    identifierHash: crypto?.getIdentityIdentifierHashFunction() || 'SHA256',
  };
}

function unitOf(unit: msp.FabricOUIdentifier): UnitDefinition {
  return { name: unit.getOrganizationalUnitIdentifier(), certificate: unit.getCertificate_asU8() };
}

function optionalUnit(unit: msp.FabricOUIdentifier | undefined): UnitDefinition | null {
  return unit === undefined ? null : unitOf(unit);
}

/** The `msp.MSPConfig` of a definition, as channel configurations carry it. */
export function mspConfigOf(definition: MspDefinition): msp.MSPConfig {
  const config = new msp.FabricMSPConfig();
  config.setName(definition.mspId);
  config.setRootCertsList([...definition.rootCerts]);
  config.setIntermediateCertsList([...definition.intermediateCerts]);
  config.setAdminsList([...definition.admins]);
  config.setRevocationListList([...definition.revocationLists]);
  config.setOrganizationalUnitIdentifiersList(definition.units.map(unitMessage));
  config.setTlsRootCertsList([...definition.tlsRootCerts]);
  config.setTlsIntermediateCertsList([...definition.tlsIntermediateCerts]);
  const crypto = new msp.FabricCryptoConfig();
  crypto.setSignatureHashFamily(definition.signatureHashFamily);
  crypto.setIdentityIdentifierHashFunction(definition.identifierHash);
  config.setCryptoConfig(crypto);
  const { nodeUnits } = definition;
  if (nodeUnits !== null) {
    const message = new msp.FabricNodeOUs();
    message.setEnable(nodeUnits.enable);
    message.setClientOuIdentifier(nodeUnits.client === null ? undefined : unitMessage(nodeUnits.client));
    message.setPeerOuIdentifier(nodeUnits.peer === null ? undefined : unitMessage(nodeUnits.peer));
    message.setAdminOuIdentifier(nodeUnits.admin === null ? undefined : unitMessage(nodeUnits.admin));
    message.setOrdererOuIdentifier(nodeUnits.orderer === null ? undefined : unitMessage(nodeUnits.orderer));
    config.setFabricNodeOus(message);
  }
  const message = new msp.MSPConfig();
  message.setType(FABRIC);
  message.setConfig(config.serializeBinary());
  return message;
}

function unitMessage({ name, certificate }: UnitDefinition): msp.FabricOUIdentifier {
  const message = new msp.FabricOUIdentifier();
  message.setOrganizationalUnitIdentifier(name);
  message.setCertificate(certificate);
  return message;
}
