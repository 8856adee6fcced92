import type { GraphDefinition } from '../../src/engine/index.js';

/** Steps of a run where throughput is measured. */
export const STEPS = 10;

/** A chain of steps that do nothing, each waiting for the commit of the one before. */
export function noopChain(name: string, steps: number): GraphDefinition {
  return {
    name,
    nodes: Array.from({ length: steps }, (_, index) => ({
      id: `step_${index + 1}`,
      type: 'bench.noop',
      ...(index === 0 ? {} : { needs: [`step_${index}`] }),
    })),
  };
}
