import type { Policy, PolicyVerdict } from './policy.ts';

/** Stands for a policy that is not there: nobody satisfies it (Fabric, `rejectPolicy`). */
export class RejectPolicy implements Policy {
  readonly expression: string;

  constructor(name: string) {
    this.expression = name;
  }

  evaluate(): Promise<PolicyVerdict> {
    return Promise.resolve(this.evaluateIdentities());
  }

  evaluateIdentities(): PolicyVerdict {
    const refusal = `no such policy: '${this.expression}'`;
    return {
      satisfied: false,
      expression: this.expression,
      satisfiedBy: [],
      unsatisfied: [],
      rejected: [],
      reason: refusal,
      refusal,
    };
  }
}
