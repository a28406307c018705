/** Where a node's operations service is (Fabric, `operations.listenAddress`). */
export interface NodeTarget {
  /** As traces name the node: MSP ID + '/' + name. */
  readonly id: string;
  readonly node: string;
  readonly msp: string;
  readonly kind: 'peer' | 'orderer';
  /** `http://HOST:PORT` or `https://…`. */
  readonly url: URL;
}

/** As Prometheus' file-based discovery lists it: the labels `node`, `msp` and `kind`, and `__scheme__` where it is https. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

const MAX_TARGETS = 200;

/**
 * The nodes that such a list names, each once.
 * @throws RangeError for an address that is none, or a node without a name
 */
export function nodeTargets(groups: readonly TargetGroup[]): NodeTarget[] {
  const found = new Map<string, NodeTarget>();
  for (const { targets, labels = {} } of groups) {
    for (const target of targets) {
      const made = nodeTarget(target, labels);
      if (found.size < MAX_TARGETS) found.set(made.id, made);
    }
  }
  return [...found.values()];
}

function nodeTarget(address: string, labels: Readonly<Record<string, string>>): NodeTarget {
  const { node, msp = '', kind, __scheme__: scheme = 'http' } = labels;
  if (node === undefined || node === '') {
    throw new RangeError(`${address} has no label \`node\`: the name of the node, such as peer0.org1.example.com`);
  }
  if ((scheme !== 'http' && scheme !== 'https') || !/^(?:\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i.test(address)) {
    throw new RangeError(`${scheme}://${address} is no address of an operations service: it is HOST:PORT`);
  }
  return {
    id: msp === '' ? node : `${msp}/${node}`,
    node,
    msp,
    kind: kind === 'orderer' ? 'orderer' : 'peer',
    url: new URL(`${scheme}://${address}`),
  };
}
