import type { KeyPair } from './chaincodeCertificates.ts';
import type { ChildSession } from './childSession.ts';
import type { ServiceAddress } from './serviceConnection.ts';

/** How a chaincode that the peer starts reaches the peer. */
export interface PeerConnection {
  /** `host:port` of the peer's listener for chaincode. */
  readonly address: string;
  /** Null: that listener has no TLS. */
  readonly tls: { readonly client: KeyPair; readonly root: string } | null;
  readonly mspId: string;
}

/** A chaincode that is ready to run. */
export type Launchable =
  | { readonly kind: 'service'; readonly service: ServiceAddress }
  | {
      readonly kind: 'program';
      /** @throws ChaincodeError `launch_failed` */
      readonly start: (connection: PeerConnection, onLine: (line: string) => void) => Promise<ChildSession>;
    };
