/** Where a node's operations service is (Fabric, `operations.listenAddress`). */
export interface NodeTarget {
  /** As traces name the node: MSP ID + '/' + name. */
  readonly id: string;
  readonly node: string;
  readonly msp: string;
  readonly kind: 'peer' | 'orderer';
  /** `http://HOST:PORT/` or `https://…`; behind a proxy with the path before `healthz` and `metrics`. */
  readonly url: URL;
}

/** As Prometheus' file-based discovery lists it: the labels `node`, `msp` and `kind`, and `__scheme__` and `__metrics_path__` where they are not the usual. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

const METRICS = '/metrics';
const PATH = /^(?:\/[\w.~-]+)*\/metrics$/;

/** More is no network that one page shows. */
export const MAX_TARGETS = 200;

/**
 * The nodes that such a list names, each once: of two of one name the first.
 * @throws RangeError for an address that is none, a node without a name, or too many
 */
export function nodeTargets(groups: readonly TargetGroup[]): NodeTarget[] {
  const all = groups.flatMap(({ targets, labels = {} }) => targets.map((target) => nodeTarget(target, labels)));
  const each = eachOnce(all);
  if (each.length > MAX_TARGETS) {
    throw new RangeError(`it names ${each.length} nodes; at most ${MAX_TARGETS} are watched`);
  }
  return each;
}

/** Of two of one ID the first: all that is known of a node goes by its ID. */
export function eachOnce(targets: readonly NodeTarget[]): NodeTarget[] {
  const found = new Map<string, NodeTarget>();
  for (const target of targets) if (!found.has(target.id)) found.set(target.id, target);
  return [...found.values()];
}

function nodeTarget(address: string, labels: Readonly<Record<string, string>>): NodeTarget {
  const { node, msp = '', kind = 'peer', __scheme__: scheme = 'http', __metrics_path__: path = METRICS } = labels;
  if (node === undefined || node === '') {
    throw new RangeError(`${address} has no label \`node\`: the name of the node, such as peer0.org1.example.com`);
  }
  if (kind !== 'peer' && kind !== 'orderer') {
    throw new RangeError(`${node} has the label \`kind\` ${JSON.stringify(kind)}: it is \`peer\` or \`orderer\``);
  }
  if ((scheme !== 'http' && scheme !== 'https') || !/^(?:\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i.test(address)) {
    throw new RangeError(`${scheme}://${address} is no address of an operations service: it is HOST:PORT`);
  }
  if (!PATH.test(path)) {
    throw new RangeError(
      `${node} has the label \`__metrics_path__\` ${JSON.stringify(path)}: it is a path that ends with ${METRICS}, beside which health and the rest are asked for`,
    );
  }
  const url = URL.parse(`${scheme}://${address}${path.slice(0, -METRICS.length)}/`);
  if (url === null) throw new RangeError(`${address} is no address of an operations service: it is HOST:PORT`);
  return {
    id: msp === '' ? node : `${msp}/${node}`,
    node,
    msp,
    kind,
    url,
  };
}
