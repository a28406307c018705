/**
 * `host:port` in the form in which addresses are compared: lower case, every loopback name as 127.0.0.1. Null for what
 * identifies nobody: no port, or a wildcard that a server listens on.
 */
export function normaliseAddress(address: string): string | null {
  const colon = address.lastIndexOf(':');
  if (colon < 1 || colon === address.length - 1) return null;
  const host = address.slice(0, colon).toLowerCase();
  const port = address.slice(colon + 1);
  if (port === '0' || host === '0.0.0.0' || host === '[::]') return null;
  return host === 'localhost' || host === '[::1]' ? `127.0.0.1:${port}` : `${host}:${port}`;
}

/** The host of a normalised address if it is a name, as certificates carry it; null for IP addresses. */
export function hostName(address: string): string | null {
  const host = address.slice(0, address.lastIndexOf(':'));
  return host.startsWith('[') || /^\d+(\.\d+){3}$/.test(host) ? null : host;
}
