import { X509Certificate } from 'node:crypto';
import { Gauge, type Registry } from 'prom-client';

/** A certificate that the node needs, by what it is for, such as `server TLS`. */
export interface NamedCertificate {
  readonly role: string;
  /** PEM. */
  readonly certificate: string | Uint8Array;
}

/** Tells how long the node's certificates are still good, those of its identity and of TLS. */
export class CertificateMetrics {
  readonly #expiry = new Map<string, number>();
  readonly gauge: Gauge<'certificate'>;

  constructor(registry: Registry, now: () => number = Date.now) {
    const expiry = this.#expiry;
    this.gauge = new Gauge({
      name: 'ftl_certificate_expiry_seconds',
      help: 'Time until a certificate of the node expires; below zero where it has expired.',
      labelNames: ['certificate'],
      registers: [registry],
      collect() {
        for (const [certificate, at] of expiry) {
          this.set({ certificate }, (at - now()) / 1000);
        }
      },
    });
  }

  track(certificates: readonly NamedCertificate[]): void {
    for (const { role, certificate } of certificates) {
      this.#expiry.set(role, new X509Certificate(Buffer.from(certificate as string)).validToDate.getTime());
    }
  }
}
