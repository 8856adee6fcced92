import { Injectable } from '@nestjs/common';
import type { DurableCall, JsonObject } from '../../engine/index.js';
import { ControlApprovalNode } from './nodes/control-approval.node.js';

/** What an approval needs of the node that it is asked in; `path` names it to reviewers, and must be its own. */
export type GateCall = Pick<DurableCall, 'run' | 'path' | 'attempt' | 'signal' | 'log' | 'emit' | 'startedAt' | 'step' | 'waitForSignal'>;

/** Asks people in the middle of another node's work, as the node type `control.approval` does. */
@Injectable()
export class ApprovalGate {
  constructor(private readonly node: ControlApprovalNode) {}

  /** `config` and result are those of `control.approval`. */
  ask(call: GateCall, config: JsonObject): Promise<JsonObject> {
    return this.node.execute({ ...call, config });
  }
}
