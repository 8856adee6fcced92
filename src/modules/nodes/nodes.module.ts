import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ControlFailNode } from './builtin/control-fail.node.js';
import { DebugLogNode } from './builtin/debug-log.node.js';
import { TimeDelayNode } from './builtin/time-delay.node.js';
import { JsonParseNode, JsonStringifyNode } from './builtin/transform-json.node.js';
import { TransformSetNode } from './builtin/transform-set.node.js';
import { WorkflowRunNode } from './builtin/workflow-run.node.js';
import { NodeTypeRegistry } from './node-type-registry.js';

/** The node type registry and the built-in node types. */
@Module({
  imports: [DiscoveryModule],
  providers: [NodeTypeRegistry, ControlFailNode, DebugLogNode, JsonParseNode, JsonStringifyNode, TimeDelayNode, TransformSetNode, WorkflowRunNode],
  exports: [NodeTypeRegistry],
})
export class NodesModule {}
