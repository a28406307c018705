import { ConfigError } from './loadOptions.ts';
import { flagName, type Options } from './options.ts';
import { readPem } from './readPem.ts';

/** PEM texts of the listener for Beats. */
export interface BeatsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/**
 * Certificate and key for taking events over TLS, and the authorities of the senders' certificates where they must show one.
 * @throws ConfigError if one is not named or cannot be read
 */
export function readBeatsFiles(options: Options): BeatsFiles {
  const { beatsCertificate, beatsKey, beatsClientCa } = options;
  if (beatsCertificate === '' || beatsKey === '') {
    throw new ConfigError(
      `Events of Beats are taken over TLS: --${flagName('beatsCertificate')} and --${flagName('beatsKey')} are needed. For plain text, where nobody else can listen, say so: --beats tcp://HOST:PORT.`,
    );
  }
  return {
    cert: readPem('beatsCertificate', beatsCertificate),
    key: readPem('beatsKey', beatsKey),
    ...(beatsClientCa === '' ? {} : { clientCa: readPem('beatsClientCa', beatsClientCa) }),
  };
}
