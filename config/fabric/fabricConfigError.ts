/**
 * Why a configuration cannot be used.
 *
 * - `no_folder`: FABRIC_CFG_PATH names no folder; `unreadable`: the file is there and cannot be read, or is no YAML;
 * - `bad_value`: not of the kind that the key wants; `refused`: of that kind, and asks for what this node does not do;
 * - `missing_file`: a file that a key names is not there.
 */
export type FabricConfigErrorCode = 'no_folder' | 'unreadable' | 'bad_value' | 'refused' | 'missing_file';

export class FabricConfigError extends Error {
  override readonly name = 'FabricConfigError';
  readonly code: FabricConfigErrorCode;

  constructor(code: FabricConfigErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
