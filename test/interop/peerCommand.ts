import type { CommandResult, Environment, GoTools } from './goTools.ts';

/** Go's `peer` command, as somebody. */
export class PeerCommand {
  readonly #tools: GoTools;
  readonly #environment: Environment;

  constructor(tools: GoTools, environment: Environment) {
    this.#tools = tools;
    this.#environment = environment;
  }

  attempt(args: readonly string[], environment: Environment = {}): Promise<CommandResult> {
    return this.#tools.attempt('peer', args, { ...this.#environment, ...environment });
  }

  /** Gives what it printed. @throws Error with what it said, where it fails */
  async run(...args: readonly string[]): Promise<string> {
    const { stdout } = await this.#tools.run('peer', args, this.#environment);
    return stdout.trim();
  }

  /** Gives what it said. @throws Error where it succeeds */
  async fails(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.attempt(args);
    if (status === 0) {
      throw new Error(`peer ${args.join(' ')} did not fail: ${stdout}${stderr}`);
    }
    return stderr;
  }
}
