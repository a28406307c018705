import { readFileSync } from 'node:fs';
import { makeCertificates } from './certificates.ts';
import { type Endpoint, SetupError, type Waiting } from './elastic.ts';
import { importSavedObjects } from './kibana.ts';
import { secureCluster } from './security.ts';

/**
 * The one-shot services of docker-compose.yml:
 *
 *     node elk/setup/setup.ts certificates   an authority and a certificate for each service, before anything starts
 *     node elk/setup/setup.ts security       roles, users and passwords, as soon as Elasticsearch answers
 *     node elk/setup/setup.ts kibana         data views and saved searches, as soon as Kibana answers
 *
 * Each may run again at any time.
 */
const STEPS: Readonly<Record<string, () => Promise<string>>> = { certificates, security, kibana };

const WAITING: Waiting = { patienceMs: 300_000, retryMs: 2000, tell: print };

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function certificates(): Promise<string> {
  const { CERTIFICATES_OWNER: owner, CERTIFICATES_NAMES: names = '' } = process.env;
  const made = makeCertificates({
    folder: setting('CERTIFICATES'),
    owner: owner === undefined ? undefined : Number(owner),
    names: names.split(',').filter((name) => name !== ''),
    now: new Date(),
  });
  return Promise.resolve(made ? 'certificates are made' : 'certificates are there already');
}

async function security(): Promise<string> {
  const passwords = {
    kibana: process.env['KIBANA_PASSWORD'],
    ftl: setting('FTL_PASSWORD'),
    logstash: setting('LOGSTASH_PASSWORD'),
  };
  await secureCluster(endpointOf('ELASTICSEARCH_URL'), passwords, WAITING);
  return 'users and roles are set';
}

async function kibana(): Promise<string> {
  const objects = readFileSync(new URL('../kibana/saved-objects.ndjson', import.meta.url), 'utf8');
  return `${await importSavedObjects(endpointOf('KIBANA_URL'), objects, WAITING)} saved objects are in Kibana`;
}

function endpointOf(name: string): Endpoint {
  return { url: setting(name), user: 'elastic', password: setting('ELASTIC_PASSWORD') };
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new SetupError('refused', `${name} is not set; see elk/.env.example for what it is.`);
  return value;
}

const step = STEPS[process.argv[2] ?? ''];
if (step === undefined) {
  process.stderr.write(`setup: say one of ${Object.keys(STEPS).join(', ')}\n`);
  process.exitCode = 2;
} else {
  try {
    print(await step());
  } catch (error) {
    process.stderr.write(`setup: ${error instanceof SetupError ? error.message : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
}
