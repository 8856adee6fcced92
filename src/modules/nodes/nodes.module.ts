import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { EgressModule } from '../../platform/egress/index.js';
import { CodeJavascriptNode } from './builtin/code-javascript.node.js';
import { ControlFailNode } from './builtin/control-fail.node.js';
import { DebugLogNode } from './builtin/debug-log.node.js';
import { HttpRequestNode } from './builtin/http-request.node.js';
import { TimeDelayNode } from './builtin/time-delay.node.js';
import { JsonParseNode, JsonStringifyNode } from './builtin/transform-json.node.js';
import { TransformSetNode } from './builtin/transform-set.node.js';
import { WorkflowRunNode } from './builtin/workflow-run.node.js';
import { GithubCallNode } from './github/github-call.node.js';
import { GithubClient } from './github/github-client.js';
import { NodeTypeRegistry } from './node-type-registry.js';
import { JavascriptSandbox } from './sandbox/javascript-sandbox.js';

/** The node type registry and the built-in node types. */
@Module({
  imports: [DiscoveryModule, EgressModule],
  providers: [
    NodeTypeRegistry,
    JavascriptSandbox,
    CodeJavascriptNode,
    ControlFailNode,
    DebugLogNode,
    GithubCallNode,
    GithubClient,
    HttpRequestNode,
    JsonParseNode,
    JsonStringifyNode,
    TimeDelayNode,
    TransformSetNode,
    WorkflowRunNode,
  ],
  exports: [JavascriptSandbox, NodeTypeRegistry],
})
export class NodesModule {}
