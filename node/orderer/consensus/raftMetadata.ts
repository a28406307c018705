import type { orderer } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { parseGoDuration } from '#node/channel/goDuration.ts';
import type { OrdererSection } from '#node/channel/ordererSection.ts';
import { Certificate } from '#node/crypto/certificate.ts';
import { CryptoError } from '#node/crypto/cryptoError.ts';
import { CertificatePool, findChains, type TrustAnchors } from '#node/msp/certificateChain.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { OrdererError, textOfError } from '../ordererError.ts';

type ConfigMetadata = orderer.etcdraft.ConfigMetadata;
type RaftConsenter = orderer.etcdraft.Consenter;

/**
 * The etcdraft part of a configuration, checked as Fabric does (`etcdraft.VerifyConfigMetadata`): options that make sense, and
 * consenters whose TLS certificates come from the ordering organisations' TLS authorities. When they expire plays no part.
 * @throws OrdererError `config_rejected`
 */
export function checkedRaftMetadata(bundle: ChannelBundle): ConfigMetadata {
  const section = bundle.orderer as OrdererSection;
  let metadata: ConfigMetadata | null;
  try {
    metadata = section.raftMetadata();
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw rejected(`failed to unmarshal etcdraft metadata configuration: ${cause.message}`, cause);
    }
    throw cause;
  }
  if (metadata === null) {
    throw rejected(`consensus type ${section.consensusType} is not etcdraft`);
  }
  checkOptions(metadata);
  const consenters = metadata.getConsentersList();
  if (consenters.length === 0) {
    throw rejected('empty consenter set');
  }
  const anchors = tlsAnchors(bundle);
  for (const consenter of consenters) {
    const name = `consenter ${consenter.getHost()}:${consenter.getPort()} has invalid certificate`;
    checkTls(consenter.getClientTlsCert_asU8(), 'client', anchors, name);
    checkTls(consenter.getServerTlsCert_asU8(), 'server', anchors, name);
  }
  const seen = new Set<string>();
  for (const consenter of consenters) {
    const [server, client] = [consenter.getServerTlsCert_asB64(), consenter.getClientTlsCert_asB64()];
    if (seen.has(server) || seen.has(client)) {
      throw rejected(`duplicate consenter: ${consenter.getHost()}:${consenter.getPort()}`);
    }
    seen.add(server).add(client);
  }
  return metadata;
}

/** Place of the consenter whose server certificate has this public key; -1 where there is none. */
export function consenterIndex(consenters: readonly RaftConsenter[], own: Certificate): number {
  return consenters.findIndex((consenter) => {
    try {
      const { rawPublicKey } = Certificate.fromPem(consenter.getServerTlsCert_asU8());
      return Buffer.compare(rawPublicKey, own.rawPublicKey) === 0;
    } catch (error) {
      if (error instanceof CryptoError) {
        return false;
      }
      throw error;
    }
  });
}

function checkOptions(metadata: ConfigMetadata): void {
  const options = metadata.getOptions();
  if (options === undefined) {
    throw rejected('nil Raft config metadata options');
  }
  const [heartbeat, election, inflight] = [
    options.getHeartbeatTick(),
    options.getElectionTick(),
    options.getMaxInflightBlocks(),
  ];
  if (heartbeat === 0 || election === 0 || inflight === 0) {
    throw rejected(
      `none of HeartbeatTick (${heartbeat}), ElectionTick (${election}) and MaxInflightBlocks (${inflight}) can be zero`,
    );
  }
  if (election <= heartbeat) {
    throw rejected(`ElectionTick (${election}) must be greater than HeartbeatTick (${heartbeat})`);
  }
  const tick = parseGoDuration(options.getTickInterval());
  if (tick === null) {
    throw rejected(`failed to parse TickInterval (${options.getTickInterval()}) to time duration`);
  }
  if (tick === 0n) {
    throw rejected('TickInterval cannot be zero');
  }
}

function tlsAnchors({ orderer: section, mspManager }: ChannelBundle): TrustAnchors {
  const msps = (section?.organizations ?? []).flatMap(({ mspId }) => mspManager.msp(mspId) ?? []);
  return {
    roots: new CertificatePool(msps.flatMap(({ tlsRoots }) => tlsRoots)),
    intermediates: new CertificatePool(msps.flatMap(({ tlsIntermediates }) => tlsIntermediates)),
  };
}

function checkTls(pem: Uint8Array, kind: 'client' | 'server', anchors: TrustAnchors, name: string): void {
  let certificate: Certificate;
  try {
    certificate = Certificate.fromPem(pem);
  } catch (cause) {
    throw rejected(`${name}: parsing tls ${kind} cert: ${textOfError(cause)}`, cause);
  }
  const now = new Date();
  const { notBefore, notAfter } = certificate;
  // As in Fabric, one that has expired, or is not valid yet, stands whatever its chain.
  if (now < notBefore || now > notAfter) {
    return;
  }
  const { chains, reason } = findChains(certificate, anchors, now);
  if (chains.length === 0) {
    const serial = BigInt(`0x${Buffer.from(certificate.serialNumber).toString('hex')}`);
    throw rejected(`${name}: verifying tls ${kind} cert with serial number ${serial}: x509: ${reason}`);
  }
}

function rejected(message: string, cause?: unknown): OrdererError {
  return new OrdererError('config_rejected', message, { cause });
}
