import { type Json, StepError, type StepNodeType } from '../../../engine/index.js';
import { NodeTypeProvider } from '../../../modules/nodes/index.js';
import type { NodeTypeName } from '../node-types.js';
import { FlowEngineNode } from './flowengine-node.js';

/** A node type whose work is done by a system that this server has no connection to. */
abstract class UnavailableNode extends FlowEngineNode implements StepNodeType {
  readonly pure = false;

  constructor(
    name: NodeTypeName,
    private readonly backend: 'docker' | 'zypi',
  ) {
    super(name);
  }

  execute(): Promise<Json> {
    const message = `Configuration error: no ${this.backend} backend is configured`;
    return Promise.reject(new StepError('not_configured', message, { retryable: false }));
  }
}

@NodeTypeProvider()
export class FlowEngineDockerRun extends UnavailableNode {
  constructor() {
    super('docker.run', 'docker');
  }
}

@NodeTypeProvider()
export class FlowEngineApiCall extends UnavailableNode {
  constructor() {
    super('api.call', 'zypi');
  }
}

@NodeTypeProvider()
export class FlowEngineBrowserRender extends UnavailableNode {
  constructor() {
    super('browser.render', 'zypi');
  }
}

@NodeTypeProvider()
export class FlowEngineZypiExec extends UnavailableNode {
  constructor() {
    super('zypi.exec', 'zypi');
  }
}

@NodeTypeProvider()
export class FlowEngineZypiSessionCreate extends UnavailableNode {
  constructor() {
    super('zypi.session_create', 'zypi');
  }
}
