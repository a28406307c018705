/** Why the suite is skipped where FABRIC_BIN is not set. */
export const NOT_THERE =
  "FABRIC_BIN is not set (folder, or folders as in PATH, with Go Fabric's peer, orderer, osnadmin, configtxgen, configtxlator, cryptogen)";
