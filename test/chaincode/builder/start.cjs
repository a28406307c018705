'use strict';

// What an external builder's `run` has to do for a contract: from chaincode.json to the variables that its shim reads.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const [, , output, metadata] = process.argv;
const config = JSON.parse(readFileSync(join(metadata, 'chaincode.json'), 'utf8'));
const keep = (name, text) => {
  const file = join(metadata, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
};
const base64 = (text) => Buffer.from(text).toString('base64');
Object.assign(process.env, {
  CORE_CHAINCODE_ID_NAME: config.chaincode_id,
  CORE_PEER_TLS_ENABLED: 'true',
  CORE_TLS_CLIENT_KEY_PATH: keep('client.key', base64(config.client_key)),
  CORE_TLS_CLIENT_CERT_PATH: keep('client.crt', base64(config.client_cert)),
  CORE_PEER_TLS_ROOTCERT_FILE: keep('root.crt', config.root_cert),
  CORE_PEER_LOCALMSPID: config.mspid,
});
process.chdir(output);
process.argv = [
  process.argv[0],
  'fabric-chaincode-node',
  'start',
  '--peer.address',
  config.peer_address,
  '--ssl-target-name-override',
  'localhost',
];
require('fabric-shim/cli.js');
