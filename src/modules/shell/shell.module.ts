import { Module } from '@nestjs/common';
import { NodesModule } from '../nodes/index.js';
import { RunsModule } from '../runs/index.js';
import { WorkflowsModule } from '../workflows/index.js';
import { Workspaces } from './files/workspaces.js';
import { LiveProcesses } from './process/live-processes.js';
import { ShellDefinitions } from './shell-definitions.js';
import { ShellExecNode } from './shell-exec.node.js';
import { ShellPolicy } from './shell-policy.js';

/** Processes that runs start: `shell.exec`, and who may use it. */
@Module({
  imports: [NodesModule, RunsModule, WorkflowsModule],
  providers: [LiveProcesses, ShellDefinitions, ShellExecNode, ShellPolicy, Workspaces],
  exports: [ShellPolicy],
})
export class ShellModule {}
