/** The certificate with which the other end of a TLS connection proved itself. */
export interface ClientCertificate {
  readonly der: Uint8Array;
  /** SHA-256 of the DER: what Fabric's `ChannelHeader.tls_cert_hash` binds an envelope to. */
  readonly hash: Uint8Array;
}
