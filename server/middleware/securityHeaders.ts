import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Headers that keep a browser from doing anything but showing our own page: scripts, data, pictures and fonts come from this
 * server alone, no other host is ever asked, nobody may frame us.
 */
export function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // antd computes its styles in the browser and adds them as <style> elements, and React sets style attributes: both
        // count as inline. A style cannot run code, and with no other host allowed it cannot carry data away either.
        styleSrc: ["'self'", "'unsafe-inline'"],
        // Graphs are exported as pictures through data: and blob: addresses.
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        workerSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
      },
    },
    // The server speaks plain HTTP, on loopback or behind a proxy that ends TLS and sets this header itself.
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  });
}
