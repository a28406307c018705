import { parseGoDuration } from '#node/channel/goDuration.ts';
import type { ConnectOptions } from '#node/grpc/client.ts';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';

/** core/container/externalbuilder/instance.go */
const DEFAULT_DIAL_MS = 3000;
const TEMPLATE = /\{\{\s*\.(?<name>\w+)\s*\}\}/g;

/** Where a chaincode that runs as a service is. */
export interface ServiceAddress {
  readonly connect: ConnectOptions;
  readonly dialTimeoutMs: number;
}

/**
 * Reads `connection.json`.
 *
 * @param names what `{{.name}}` in its texts stands for: packages are the same for all peers of an organisation, addresses of their
 *   services are not (the builder of Fabric 2.4 and later, `CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG`)
 * @throws ChaincodeError `bad_package`
 */
export function parseConnection(bytes: Uint8Array, names: Readonly<Record<string, string>> = {}): ServiceAddress {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new ChaincodeError('bad_package', `malformed chaincode info: ${messageOf(cause)}`, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null) {
    throw new ChaincodeError('bad_package', 'malformed chaincode info: no object');
  }
  const valueOf = (name: string): unknown => Reflect.get(parsed, name);
  const textOf = (name: string): string => {
    const value = valueOf(name) ?? '';
    if (typeof value !== 'string') {
      throw new ChaincodeError('bad_package', `malformed chaincode info: ${name} is no text`);
    }
    return value.replace(TEMPLATE, (_, key: string) => {
      const replacement = names[key];
      if (replacement === undefined) {
        throw new ChaincodeError(
          'bad_package',
          `chaincode info: nothing is known to put in for {{.${key}}} in ${name}`,
        );
      }
      return replacement;
    });
  };
  const required = (name: string, what: string): string => {
    const text = textOf(name);
    if (text === '') {
      throw new ChaincodeError('bad_package', `chaincode ${what} not provided`);
    }
    return text;
  };
  const address = required('address', 'address');
  const dialTimeoutMs = dialTimeout(valueOf('dial_timeout'));
  if (valueOf('tls_required') !== true) {
    return { connect: { address, tlsRoots: null }, dialTimeoutMs };
  }
  const client =
    valueOf('client_auth_required') === true
      ? {
          clientCertificate: {
            key: required('client_key', 'tls key'),
            certificate: required('client_cert', 'tls cert'),
          },
        }
      : {};
  const domain = textOf('domain');
  const tlsRoots = required('root_cert', 'tls root cert');
  return {
    connect: { address, tlsRoots, ...client, ...(domain === '' ? {} : { serverName: domain }) },
    dialTimeoutMs,
  };
}

/** Go's notation, or nanoseconds. */
function dialTimeout(value: unknown): number {
  if (value === undefined || value === null || value === '') {
    return DEFAULT_DIAL_MS;
  }
  const nanoseconds =
    typeof value === 'string' ? parseGoDuration(value) : typeof value === 'number' ? BigInt(Math.trunc(value)) : null;
  if (nanoseconds === null || nanoseconds < 0n) {
    throw new ChaincodeError('bad_package', 'malformed chaincode info: invalid duration');
  }
  return nanoseconds === 0n ? DEFAULT_DIAL_MS : Number(nanoseconds / 1_000_000n);
}
