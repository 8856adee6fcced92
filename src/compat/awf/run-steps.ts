import type { WorkflowDefinition } from '../../engine/model/definition.js';
import { placesOf } from '../../engine/workflow/index.js';

/** A step of AWF that a path of a run belongs to. */
export interface StepPlace {
  readonly step: string;
  /** Whether the path is the step itself, not something inside of it, such as a hook or a call of a model. */
  readonly own: boolean;
}

/** The steps of AWF in a run: the states or nodes of its definition. */
export class RunSteps {
  constructor(private readonly definition: WorkflowDefinition | null) {}

  /** Null for what is the run's own, such as its hooks. */
  at(path: string): StepPlace | null {
    if (this.definition?.kind !== 'states') {
      const [vertex = path, ...inside] = path.split('/');
      return vertex.startsWith('$') ? null : { step: vertex.replace(/[[~#].*$/, ''), own: inside.length === 0 };
    }
    const place = placesOf(this.definition, path).at(-1);
    return place === undefined ? null : { step: place.vertex, own: place.own };
  }

  /** The step that the path is; null for what is inside of one. */
  named(path: string): string | null {
    const place = this.at(path);
    return place?.own === true ? place.step : null;
  }

  callsWorkflow(step: string): boolean {
    return this.definition?.kind === 'states' && this.definition.states[step]?.type === 'call_workflow';
  }
}
