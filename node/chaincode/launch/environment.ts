/** What a program needs to run at all (`DefaultPropagateEnvironment` in core/container/externalbuilder). */
const ALWAYS = ['LD_LIBRARY_PATH', 'LIBPATH', 'PATH', 'TMPDIR'];
/** What npm and go need to fetch what a chaincode depends on. */
const BUILDING = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'GOPROXY',
  'GOFLAGS',
  'GONOSUMDB',
  'GOSUMDB',
  'GOTOOLCHAIN',
];

export type Environment = Readonly<Record<string, string | undefined>>;

/** The parts of the peer's environment that a chaincode may see: it is not the peer's own code, and must not learn its secrets. */
export function runEnvironment(peer: Environment, names: readonly string[] = []): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of [...ALWAYS, ...names]) {
    const value = peer[name];
    if (value !== undefined) {
      kept[name] = value;
    }
  }
  return kept;
}

export function buildEnvironment(peer: Environment): Record<string, string> {
  const npm = Object.keys(peer).filter((name) => /^npm_config_(?!.*(?:auth|token|password))/i.test(name));
  return runEnvironment(peer, [...BUILDING, ...npm]);
}
