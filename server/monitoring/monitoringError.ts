export type MonitoringErrorCode =
  | 'unreachable'
  | 'timeout'
  | 'too_large'
  | 'unauthorized'
  | 'refused'
  | 'bad_answer'
  | 'not_kept'
  | 'stopping';

/** What was asked of a node, of Prometheus or of Alertmanager did not come, or is not asked. The message says whom and why, and holds no secret. */
export class MonitoringError extends Error {
  override readonly name = 'MonitoringError';
  readonly code: MonitoringErrorCode;

  constructor(code: MonitoringErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
