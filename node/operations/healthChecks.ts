/** A part of the node that cannot do its work, and why. */
export interface FailedCheck {
  readonly component: string;
  readonly reason: string;
}

/** Says what of a component is wrong; nothing while all is well. One that throws has failed for that reason. */
export type HealthCheck = () => Promise<readonly FailedCheck[]> | readonly FailedCheck[];

/** All checks of a node (Fabric, fabric-lib-go `healthz`). */
export class HealthChecks {
  readonly #checks = new Map<string, HealthCheck>();

  /** @throws TypeError for a component that is there already */
  register(component: string, check: HealthCheck): void {
    if (this.#checks.has(component)) {
      throw new TypeError(`'${component}' is already registered`);
    }
    this.#checks.set(component, check);
  }

  /** Runs all of them at a time. Never rejects. */
  async run(): Promise<readonly FailedCheck[]> {
    const results = await Promise.all(
      Array.from(this.#checks, async ([component, check]) => {
        try {
          return await check();
        } catch (error) {
          return [{ component, reason: error instanceof Error ? error.message : String(error) }];
        }
      }),
    );
    return results.flat();
  }
}
