/** Why the server could not start. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: 'port_taken' | 'port_forbidden' | 'address_unknown' | 'listen_failed';

  constructor(code: ServerError['code'], message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Says what to do about a failed `listen`. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number): ServerError {
  const place = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new ServerError(
        'port_taken',
        `${place} is taken by another program, perhaps by another FTL. Stop that one, or choose another port with --port (0 takes a free one).`,
        error,
      );
    case 'EACCES':
      return new ServerError(
        'port_forbidden',
        `This user may not open port ${port}. Choose one above 1023 with --port (0 takes a free one).`,
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ServerError(
        'address_unknown',
        `${host} is not an address of this machine. Choose one with --host; 127.0.0.1 is reachable from this machine alone, 0.0.0.0 from everywhere.`,
        error,
      );
    default:
      return new ServerError('listen_failed', `Cannot listen at ${place}: ${error.message}`, error);
  }
}
