/** Where the runtime tells what it does; a pino logger is one. */
export interface ChaincodeLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = (): void => {};

export const NO_LOG: ChaincodeLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };
