export type ClientErrorCode =
  /** The call failed before the node could judge: not reached, cut off, timed out, or ended with a gRPC status. */
  | 'call'
  /** A peer did not endorse: its response has a status of 400 or above. */
  | 'not_endorsed'
  /** Peers endorsed different results. */
  | 'endorsements_differ'
  /** The orderer did not take the transaction. */
  | 'not_broadcast'
  /** The orderer's administration refused. */
  | 'not_administered'
  /** The delivery of blocks ended with a status other than success. */
  | 'not_delivered'
  /** The transaction is in a block, but not valid. */
  | 'not_valid'
  /** What came back cannot be read. */
  | 'bad_answer';

export interface ClientErrorDetails extends ErrorOptions {
  /** `host:port` of the node. */
  readonly address?: string;
  /** Of the response, as a number (endorsement) or by name (`common.Status`, gRPC status, `TxValidationCode`). */
  readonly status?: number | string;
  readonly txId?: string;
}

/** Why a request of a client came to nothing, with what the node said. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  readonly address: string | null;
  readonly status: number | string | null;
  readonly txId: string | null;

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}) {
    super(message, details);
    this.code = code;
    this.address = details.address ?? null;
    this.status = details.status ?? null;
    this.txId = details.txId ?? null;
  }
}
