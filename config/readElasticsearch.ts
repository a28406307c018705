import { readFileSync } from 'node:fs';
import { ConfigError } from './loadOptions.ts';
import { environmentName, flagName, type OptionKey, type Options } from './options.ts';

/** How to be let into an Elasticsearch cluster. */
export interface ElasticsearchCredentials {
  readonly apiKey?: string;
  readonly user?: string;
  readonly password?: string;
  /** PEM text. */
  readonly ca?: string;
}

type Secret = 'elasticsearchApiKey' | 'elasticsearchPassword';

/**
 * The API key, or user and password, and the authorities of the cluster's certificates, as far as they are set.
 * @throws ConfigError if a file cannot be read, or they contradict each other; it shows no secret
 */
export function readElasticsearch(options: Options): ElasticsearchCredentials {
  const apiKey = secretOf(options, 'elasticsearchApiKey', 'elasticsearchApiKeyFile');
  const password = secretOf(options, 'elasticsearchPassword', 'elasticsearchPasswordFile');
  const user = options.elasticsearchUser;
  if (apiKey !== '' && (user !== '' || password !== ''))
    throw new ConfigError('Elasticsearch is asked either with an API key or with user and password: set one of them.');
  if ((user === '') !== (password === '')) {
    const missing = user === '' ? 'elasticsearchUser' : 'elasticsearchPassword';
    throw new ConfigError(
      `Elasticsearch asks for user and password together: ${environmentName(missing)} is not set${missing === 'elasticsearchPassword' ? `, nor is --${flagName('elasticsearchPasswordFile')}` : ''}.`,
    );
  }
  return {
    ...(apiKey === '' ? {} : { apiKey }),
    ...(user === '' ? {} : { user, password }),
    ...(options.elasticsearchCa === '' ? {} : { ca: readCa(options.elasticsearchCa) }),
  };
}

function secretOf(options: Options, key: Secret, fileKey: `${Secret}File`): string {
  const path = options[fileKey];
  if (path === '') return oneLine(options[key], environmentName(key));
  if (options[key] !== '')
    throw new ConfigError(`Set either ${environmentName(key)} or ${environmentName(fileKey)}, not both.`);
  const secret = readText(fileKey, path).trim();
  if (secret === '' || /[\r\n]/.test(secret))
    throw new ConfigError(`--${flagName(fileKey)} ${path} must hold one line, the secret itself.`);
  return secret;
}

/** Of a secret that comes out of a file by way of the environment (Kubernetes) the last line feed is none of it. */
function oneLine(text: string, name: string): string {
  const secret = text.replace(/[\r\n]+$/, '');
  if (/[\r\n]/.test(secret)) throw new ConfigError(`${name} must be one line, the secret itself.`);
  return secret;
}

function readCa(path: string): string {
  const text = readText('elasticsearchCa', path);
  if (!text.includes('-----BEGIN CERTIFICATE'))
    throw new ConfigError(`--${flagName('elasticsearchCa')} ${path} holds no certificate in PEM.`);
  return text;
}

function readText(key: OptionKey, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`--${flagName(key)} ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
