import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launchFolder, own } from './buildFolder.ts';
import { type ChildOptions, ChildSession, type ProcessUser } from './childSession.ts';
import { runEnvironment } from './environment.ts';
import type { Launchable, PeerConnection } from './launchable.ts';
import type { ProgramOptions } from './runBuild.ts';

/** What is run, and where. */
type Command = Pick<ChildOptions, 'command' | 'args' | 'cwd'>;

/**
 * Chaincode that the peer has built, ready to be started as a program.
 * @param build folder of the build
 * @param commandFor told how the peer is reached
 */
export function programIn(
  build: string,
  packageId: string,
  { environment, user }: Omit<ProgramOptions, 'signal'>,
  commandFor: (connection: PeerConnection) => Command | Promise<Command>,
): Launchable {
  return {
    kind: 'program',
    async start(connection, onLine) {
      const command = await commandFor(connection);
      const options = { ...command, environment: runEnvironment(environment), user, onLine };
      return startProgram(build, options, packageId, connection);
    },
  };
}

/**
 * Starts a chaincode with the variables that shims read (core/container/dockercontroller): its ID, and how to reach the peer. Keys are
 * in files of a folder that only its user can open, and that goes when the chaincode ends.
 * @throws ChaincodeError `launch_failed`
 */
async function startProgram(
  build: string,
  options: ChildOptions,
  packageId: string,
  connection: PeerConnection,
): Promise<ChildSession> {
  const folder = await launchFolder(build, options.user);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const variables = {
      CORE_CHAINCODE_ID_NAME: packageId,
      CORE_PEER_LOCALMSPID: connection.mspId,
      ...(await tlsVariables(folder, connection.tls, options.user)),
      HOME: folder,
    };
    return await ChildSession.start({
      ...options,
      environment: { ...options.environment, ...variables },
      guarded: true,
      cleanUp: remove,
    });
  } catch (error) {
    await remove();
    throw error;
  }
}

async function tlsVariables(
  folder: string,
  tls: PeerConnection['tls'],
  user: ProcessUser | null,
): Promise<Record<string, string>> {
  if (tls === null) {
    return { CORE_PEER_TLS_ENABLED: 'false' };
  }
  const keep = async (name: string, text: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, text);
    await chmod(file, 0o600);
    await own(file, user);
    return file;
  };
  const { certificate, key } = tls.client;
  return {
    CORE_PEER_TLS_ENABLED: 'true',
    // The shims for Node and Java read Base64 of the PEM text, the one for Go the text itself.
    CORE_TLS_CLIENT_KEY_PATH: await keep('client.key', base64(key)),
    CORE_TLS_CLIENT_CERT_PATH: await keep('client.crt', base64(certificate)),
    CORE_TLS_CLIENT_KEY_FILE: await keep('client_pem.key', key),
    CORE_TLS_CLIENT_CERT_FILE: await keep('client_pem.crt', certificate),
    CORE_PEER_TLS_ROOTCERT_FILE: await keep('peer.crt', tls.root),
  };
}

function base64(pem: string): string {
  return Buffer.from(pem).toString('base64');
}
