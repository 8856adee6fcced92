import { Module } from '@nestjs/common';
import { NodesModule } from '../nodes/index.js';
import { RunsModule } from '../runs/index.js';
import { ApprovalExplainer } from './approval-explainer.js';
import { ApprovalRemoval } from './approval-removal.js';
import { ApprovalGate } from './approval-gate.js';
import { ApprovalStore } from './approval-store.js';
import { ApprovalSweep } from './approval-sweep.js';
import { ApprovalsController } from './approvals.controller.js';
import { ApprovalsService } from './approvals.service.js';
import { ControlApprovalNode } from './nodes/control-approval.node.js';
import { ControlWaitNode } from './nodes/control-wait.node.js';
import { TimeUntilNode } from './nodes/time-until.node.js';
import { RunDecisionsController } from './run-decisions.controller.js';
import { RunSignalsController } from './run-signals.controller.js';
import { SignalsService } from './signals.service.js';

/** What runs wait for from outside: people's decisions, signals, a point in time. */
@Module({
  imports: [NodesModule, RunsModule],
  controllers: [ApprovalsController, RunDecisionsController, RunSignalsController],
  providers: [
    ApprovalExplainer,
    ApprovalGate,
    ApprovalRemoval,
    ApprovalStore,
    ApprovalSweep,
    ApprovalsService,
    ControlApprovalNode,
    ControlWaitNode,
    SignalsService,
    TimeUntilNode,
  ],
  exports: [ApprovalGate, ApprovalsService, SignalsService],
})
export class ApprovalsModule {}
