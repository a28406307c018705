import { ChaincodeError, messageOf } from '../chaincodeError.ts';

const ROOT = 'META-INF/';
const INDEX = /^META-INF\/statedb\/couchdb\/(?:collections\/[A-Za-z0-9_-]+\/)?indexes\/.*\.json$/;
const DATABASE = 'META-INF/statedb/';

/**
 * Files under META-INF are indexes for CouchDB. They do nothing here, since our state databases answer no rich queries; but a package
 * is the same on every peer, so that what a Go peer refuses is refused here too (internal/ccmetadata/validators.go).
 * @throws ChaincodeError `bad_package`
 */
export function checkMetaInf(name: string, bytes: Uint8Array): void {
  if (!name.startsWith(ROOT)) {
    return;
  }
  const folder = name.slice(0, name.lastIndexOf('/') + 1);
  if (!name.startsWith(DATABASE)) {
    throw refusal(`metadata file path must begin with META-INF/statedb, found: ${folder}`);
  }
  if (!INDEX.test(name)) {
    throw refusal(`metadata file path or name is not supported: ${folder}`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw refusal(`index metadata file [${name}] is not a valid JSON: ${messageOf(cause)}`);
  }
  if (typeof parsed !== 'object' || parsed === null || typeof Reflect.get(parsed, 'index') !== 'object') {
    throw refusal(`index metadata file [${name}] has no index`);
  }
}

function refusal(why: string): ChaincodeError {
  return new ChaincodeError('bad_package', `error retrieving DB artifacts from code package: ${why}`);
}
