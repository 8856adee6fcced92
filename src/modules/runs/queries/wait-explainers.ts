import { Injectable } from '@nestjs/common';
import { isJsonObject } from '../../../engine/index.js';
import type { OpenStepStanding } from './explain-run.query.js';
import type { WaitExplanation } from './explanation.js';

/** Tells, for names of signals that runs wait for, what they really wait for. Names it does not know are left out. */
export type WaitExplainer = (tenant: string, names: readonly string[]) => Promise<ReadonlyMap<string, WaitExplanation>>;

/** Modules that wait for signals of their own say here what those mean, by the prefix of their names. */
@Injectable()
export class WaitExplainers {
  private readonly explainers = new Map<string, WaitExplainer>();

  register(prefix: string, explainer: WaitExplainer): void {
    if (this.explainers.has(prefix)) throw new Error(`signals that begin with ${prefix} are explained already`);
    this.explainers.set(prefix, explainer);
  }

  async explain(tenant: string, openSteps: readonly OpenStepStanding[]): Promise<ReadonlyMap<string, WaitExplanation>> {
    const names = openSteps.flatMap(({ data: { wait } }) => (isJsonObject(wait) && typeof wait['name'] === 'string' ? [wait['name']] : []));
    const told = new Map<string, WaitExplanation>();
    for (const [prefix, explainer] of this.explainers) {
      const own = names.filter((name) => name.startsWith(prefix));
      if (own.length === 0) continue;
      for (const [name, explanation] of await explainer(tenant, own)) told.set(name, explanation);
    }
    return told;
  }
}
